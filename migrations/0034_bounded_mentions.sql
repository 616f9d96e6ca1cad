-- A message mentions fifty people at most, as the server sees to. Checked from now on: older rows have no more.
ALTER TABLE messages ADD CONSTRAINT messages_mentions_check CHECK (cardinality(mentions) <= 50) NOT VALID;
