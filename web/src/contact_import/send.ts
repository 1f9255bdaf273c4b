/**
 * A `fetch` that reports how much of the request's body has been sent, which the browser's own
 * can't. It is for forms with files: the response is read at once, when it is complete.
 */
export function fetchReporting(onSent: (fraction: number) => void): typeof fetch {
  return (address, init = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(init.method ?? 'GET', String(address));
      for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => onSent(total > 0 ? loaded / total : 0);
      request.upload.onload = () => onSent(1);
      request.onload = () => {
        const type = request.getResponseHeader('content-type') ?? '';
        const headers = { 'content-type': type };
        resolve(new Response(request.responseText, { status: request.status, headers }));
      };
      request.onerror = () => reject(new TypeError('the request failed'));
      request.onabort = () => reject(new DOMException('canceled', 'AbortError'));
      init.signal?.addEventListener('abort', () => request.abort());
      request.send(init.body as XMLHttpRequestBodyInit);
    });
}
