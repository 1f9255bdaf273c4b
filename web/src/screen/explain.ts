import type { TFunction } from 'i18next';
import type { CombinedError } from 'urql';
import { serverText } from './server_text';

/** Describes a request's failure to the reader. */
export function explain(t: TFunction, error: CombinedError): string {
  if (error.networkError) {
    const status = (error.response as Response | undefined)?.status;
    if (status === 401) return t('failure.key');
    if (status === 413) return t('failure.tooLarge');
    if (status === 429) return t('failure.tooMany');
    return t('failure.unreachable');
  }
  const messages = new Set(error.graphQLErrors.map((one) => serverText(one.message)));
  return [...messages].join(' ');
}

/** Whether the request is at fault, so that the same one would fail again. */
export function isRefused(error: CombinedError): boolean {
  return (
    error.graphQLErrors.length > 0 &&
    error.graphQLErrors.every((one) => one.extensions.code === 'BAD_USER_INPUT')
  );
}

/** Whether the server rejected the key itself. */
export function isUnauthenticated(error: CombinedError): boolean {
  const status = (error.response as Response | undefined)?.status;
  return (
    status === 401 || error.graphQLErrors.some((one) => one.extensions.code === 'UNAUTHENTICATED')
  );
}
