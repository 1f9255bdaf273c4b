import type { TFunction } from 'i18next';
import { formatCount } from '../number/decimal';
import { serverText } from '../screen/server_text';
import type { UserError } from '../screen/user_errors';
import type { MessageDraft } from './draft';
import { isUnreadable, MOST_NUMBERS, readNumbers } from './numbers';
import { readSendAt, type SendAtProblem } from './send_at';

/** The fields of the form at which a problem can stand. */
export type Field = 'name' | 'list' | 'numbers' | 'text' | 'image' | 'sendAt';

export type Problems = Partial<Record<Field, string>>;

/** What is missing before the draft can be sent, by field. */
export function missing(t: TFunction, draft: MessageDraft, timeZone: string): Problems {
  const found: Problems = {};
  if (draft.to === 'list' && !draft.listId) found.list = t('compose.noList');
  if (draft.to === 'numbers') {
    found.numbers =
      draft.numbers.trim() === '' ? t('compose.noNumbers') : numbersProblem(t, draft.numbers);
  }
  if (draft.text.trim() === '' && !draft.withImage) found.text = t('compose.noText');
  if (draft.when === 'later') {
    const at = readSendAt(draft.day, draft.time, timeZone);
    if ('problem' in at) found.sendAt = sendAtText(t, at.problem, timeZone);
  }
  return Object.fromEntries(Object.entries(found).filter(([, problem]) => problem));
}

/** What is wrong with the numbers before the server is asked, by their lines. */
export function numbersProblem(t: TFunction, typed: string): string | undefined {
  const written = readNumbers(typed);
  if (written.length > MOST_NUMBERS) {
    return t('compose.tooManyNumbers', {
      most: formatCount(MOST_NUMBERS),
      many: formatCount(written.length),
    });
  }
  const problem = t('compose.notANumber');
  const lines = written
    .filter(isUnreadable)
    .map(({ line, number }) => t('compose.atLine', { line, number, problem }));
  return lines.length > 0 ? firstOf(t, lines) : undefined;
}

/** The first problems of numbers, and how many more there are. */
function firstOf(t: TFunction, lines: readonly string[]): string {
  const more = lines.length - SHOWN;
  const rest = more > 0 ? [t('segments.more', { count: more })] : [];
  return [...lines.slice(0, SHOWN), ...rest].join('\n');
}

/** Why a message can't be sent at this time. */
export function sendAtText(t: TFunction, problem: SendAtProblem, timeZone: string): string {
  switch (problem.kind) {
    case 'incomplete':
      return t('compose.noSendAt');
    case 'past':
      return t('compose.past', { timeZone });
    case 'tooFar':
      return t('compose.tooFar');
    case 'skipped':
      return t('compose.skipped', { from: problem.from, to: problem.to, timeZone });
  }
}

/** What the server says to programs only; the form has a switch for it. */
const FOR_PROGRAMS = /; [^;]*\bacceptLandlines\b[^;]*(?=\.$)/;

/** Errors about numbers that are shown. The server says at most 100. */
const SHOWN = 10;

/** The server's errors at the fields of the form; `elsewhere` are those that belong to none. */
export function atFields(
  t: TFunction,
  errors: readonly UserError[],
  draft: MessageDraft,
): { fields: Problems; elsewhere: UserError[] } {
  const fields: Problems = {};
  const elsewhere: UserError[] = [];
  const numbers: string[] = [];
  const written = errors.length > 0 ? readNumbers(draft.numbers) : [];
  for (const error of errors) {
    const path = error.field ?? [];
    const problem = serverText(error.message.replace(FOR_PROGRAMS, ''));
    const at = path.indexOf('recipients');
    if (at >= 0 && draft.to === 'numbers') {
      const one = written[Number(path[at + 1])];
      numbers.push(
        one ? t('compose.atLine', { line: one.line, number: one.number, problem }) : problem,
      );
      continue;
    }
    const field = fieldOf(path);
    if (field) fields[field] = [fields[field], problem].filter(Boolean).join(' ');
    else elsewhere.push(error);
  }
  if (numbers.length > 0) fields.numbers = firstOf(t, numbers);
  return { fields, elsewhere };
}

function fieldOf(path: readonly string[]): Field | undefined {
  if (path.includes('media')) return 'image';
  const last = path.at(-1);
  switch (last) {
    case 'name':
    case 'text':
    case 'sendAt':
      return last;
    case 'listId':
      return 'list';
    default:
      return undefined;
  }
}
