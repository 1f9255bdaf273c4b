import { Temporal } from 'temporal-polyfill';

/** Why a day and a time are no instant at which a message can be sent. */
export type SendAtProblem =
  | { kind: 'incomplete' }
  | { kind: 'past' }
  | { kind: 'tooFar' }
  /** The clocks are put forward over this time: from one time of the day to another. */
  | { kind: 'skipped'; from: string; to: string };

export type SendAt =
  /** `repeated` if the clocks are put back over it, so that it comes twice: the first is meant. */
  { instant: string; repeated: boolean } | { problem: SendAtProblem };

/** The furthest ahead that the API takes a message. */
const MOST_YEARS = 2;

/** The instant of a day and a time in a time zone, as the fields of a form give them. */
export function readSendAt(
  day: string,
  time: string,
  timeZone: string,
  now: Temporal.Instant = Temporal.Now.instant(),
): SendAt {
  const plain = read(day, time);
  if (!plain) return { problem: { kind: 'incomplete' } };
  const early = plain.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const late = plain.toZonedDateTime(timeZone, { disambiguation: 'later' });
  if (!early.toPlainDateTime().equals(plain)) return { problem: skipped(early, late) };
  const at = early.toInstant();
  if (Temporal.Instant.compare(at, now) <= 0) return { problem: { kind: 'past' } };
  const furthest = now.toZonedDateTimeISO(timeZone).add({ years: MOST_YEARS });
  if (Temporal.ZonedDateTime.compare(early, furthest) > 0) return { problem: { kind: 'tooFar' } };
  return { instant: at.toString(), repeated: !early.equals(late) };
}

/** The day and the time of an instant in a time zone, as the fields of a form show them. */
export function fieldsOf(instant: string, timeZone: string): { day: string; time: string } {
  const at = Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone);
  return { day: at.toPlainDate().toString(), time: clock(at) };
}

function read(day: string, time: string): Temporal.PlainDateTime | undefined {
  try {
    return Temporal.PlainDateTime.from(`${day}T${time}`, { overflow: 'reject' });
  } catch {
    return undefined;
  }
}

/** The times of the day between which the clocks are put forward. */
function skipped(early: Temporal.ZonedDateTime, late: Temporal.ZonedDateTime): SendAtProblem {
  const nanoseconds = late.offsetNanoseconds - early.offsetNanoseconds;
  const change = early.getTimeZoneTransition('next') ?? late;
  const to = change.toPlainDateTime();
  return { kind: 'skipped', from: clock(to.subtract({ nanoseconds })), to: clock(to) };
}

function clock(time: Temporal.PlainDateTime | Temporal.ZonedDateTime): string {
  return time.toPlainTime().toString({ smallestUnit: 'minute' });
}
