-- How loud a sound is: the loudest sample of each hundredth, a byte each. Null for other files, and for what was uploaded
-- before.
ALTER TABLE blobs ADD COLUMN waveform bytea CHECK (octet_length(waveform) = 100);
