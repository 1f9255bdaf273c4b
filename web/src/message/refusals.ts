import type { CombinedError } from 'urql';
import type { UserError } from '../screen/user_errors';

/** What a query is refused for, by field; nothing if it failed for another reason. */
export function refusalsOf(error: CombinedError | undefined): UserError[] {
  if (!error || error.networkError) return [];
  return error.graphQLErrors.flatMap(({ message, extensions }) => {
    if (extensions.code !== 'BAD_USER_INPUT' && extensions.code !== 'NOT_FOUND') return [];
    const { all, field } = extensions as { all?: UserError[]; field?: string[] };
    return all ?? [{ field, message }];
  });
}
