import { serverText } from './server_text';

/** An error that the caller can fix, from a mutation's payload. */
export interface UserError {
  field?: readonly string[] | null;
  message: string;
}

/** The server's errors, with their numbers written as the page writes them. */
export function received(errors: readonly UserError[]): UserError[] {
  return errors.map(({ field, message }) => ({ field, message: serverText(message) }));
}

/** Splits errors into those for the named input and those to show above the form. */
export function errorsAt(errors: readonly UserError[], ...names: string[]) {
  const here = errors.filter((error) => names.includes(error.field?.at(-1) ?? ''));
  const elsewhere = errors.filter((error) => !here.includes(error));
  return { here: join(here), elsewhere: join(elsewhere) };
}

function join(errors: readonly UserError[]): string | undefined {
  return errors.length > 0 ? errors.map((error) => error.message).join(' ') : undefined;
}

/** The errors anywhere under one named input, such as at the second of its values. */
export function errorsUnder(errors: readonly UserError[], name: string): string | undefined {
  return join(errors.filter((error) => error.field?.includes(name)));
}

/** The errors under none of the named inputs. */
export function otherErrors(errors: readonly UserError[], ...names: string[]): string | undefined {
  return join(errors.filter((error) => !names.some((name) => error.field?.includes(name))));
}
