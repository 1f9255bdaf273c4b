import type { CombinedError } from 'urql';

/** Describes a request's failure to the reader. */
export function explain(error: CombinedError): string {
  if (error.networkError) {
    const status = (error.response as Response | undefined)?.status;
    if (status === 401) return 'The API key is not accepted.';
    if (status === 413) return 'The file is larger than the server accepts.';
    if (status === 429) return 'Too many requests. Wait a moment and try again.';
    return 'The server can’t be reached.';
  }
  const messages = new Set(error.graphQLErrors.map((one) => one.message));
  return [...messages].join(' ');
}

/** Whether the server rejected the key itself. */
export function isUnauthenticated(error: CombinedError): boolean {
  const status = (error.response as Response | undefined)?.status;
  return (
    status === 401 || error.graphQLErrors.some((one) => one.extensions.code === 'UNAUTHENTICATED')
  );
}
