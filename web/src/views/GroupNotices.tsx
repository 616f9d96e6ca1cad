import { GroupNotice } from "../client/types";
import * as texts from "../texts";
import { dayLabel, fullTime } from "../texts/time";
import { useStore } from "./context";

interface Props {
  notices: readonly GroupNotice[];
  /** A time of the day that a heading names. What happened on another one says when. */
  day?: string;
}

/** Lines between messages: who came, who went, and what the group was called. */
export function GroupNotices({ notices, day }: Props) {
  return (
    <>
      {notices.map((notice) => (
        <Line key={notice.id} notice={notice} day={day} />
      ))}
    </>
  );
}

function isSameDay(a: string, b: string): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** What happened, with the names that people have by now. */
export function NoticeText({ notice }: { notice: GroupNotice }) {
  const text = useStore(({ me, people }) =>
    texts.happened(notice, ({ id, displayName }) => (id === me?.id ? undefined : people[id]?.displayName ?? displayName)),
  );
  return <>{text}</>;
}

function Line({ notice, day }: { notice: GroupNotice; day: string | undefined }) {
  return (
    <p className="group-notice" title={fullTime(notice.at)}>
      <NoticeText notice={notice} />
      {(day === undefined || !isSameDay(day, notice.at)) && (
        <>
          {" · "}
          <time dateTime={notice.at}>{dayLabel(notice.at)}</time>
        </>
      )}
    </p>
  );
}
