import type { Client, CombinedError } from '@urql/core';
import { useSyncExternalStore } from 'react';
import { graphql } from '../generated';
import type { ImportContactsInput } from '../generated/graphql';
import { received, type UserError } from '../screen/user_errors';
import { fetchReporting } from './send';

/*
 * The files that this page sends to the server, by list, and the imports that were seen running and
 * whose outcome nobody has seen yet. They are kept here rather than in the dialog, so that closing
 * it loses nothing.
 */

const IMPORT = graphql(`
  mutation ImportContacts($input: ImportContactsInput!) {
    importContacts(input: $input) {
      import {
        id
        status
      }
      list {
        id
        recipientCount
      }
      userErrors {
        field
        message
      }
    }
  }
`);

export interface Upload {
  file: File;
  /** The list's imports from before it. */
  known: ReadonlySet<string>;
  /** How much of the file has been sent, up to 1. */
  sent: number;
  /** Whether the server's answer is still to come. */
  isOpen: boolean;
  /** The import, once the server has answered. */
  importId?: string;
  refusals: readonly UserError[];
  error?: CombinedError;
  /** Stops sending. It doesn't stop an import that has begun. */
  abort(): void;
}

let uploads: ReadonlyMap<string, Upload> = new Map();
let followed: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

/** The files that are sent, and those whose outcome nobody has seen yet, by list. */
export function useUploads(): ReadonlyMap<string, Upload> {
  return useSyncExternalStore(subscribe, () => uploads);
}

/** The imports whose outcome is still to be seen, by their ids. */
export function useFollowed(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => followed);
}

/** Remembers an import that runs until its outcome has been seen. */
export function follow(importId: string): void {
  if (followed.has(importId)) return;
  followed = new Set([...followed, importId]);
  tell();
}

/** The outcome of an import has been seen. */
export function unfollow(importId: string): void {
  if (!followed.has(importId)) return;
  followed = new Set([...followed].filter((id) => id !== importId));
  tell();
}

/** Sends a file and has it imported. The server answers at the end of the file. */
export async function upload(
  client: Client,
  input: ImportContactsInput & { file: File },
  known: ReadonlySet<string>,
): Promise<void> {
  const { file } = input;
  const listId = String(input.listId);
  const canceling = new AbortController();
  const abort = () => canceling.abort();
  put(listId, { file, known, sent: 0, isOpen: true, refusals: [], abort });
  const send = fetchReporting((sent) => change(listId, abort, { sent }));
  const { data, error } = await client
    .mutation(
      IMPORT,
      { input },
      { fetch: (address, init) => send(address, { ...init, signal: canceling.signal }) },
    )
    .toPromise();
  if (canceling.signal.aborted) {
    if (uploads.get(listId)?.abort === abort) forgetUpload(listId);
    return;
  }
  const payload = data?.importContacts;
  change(listId, abort, {
    isOpen: false,
    // An import that has begun has a result, even if it stopped.
    importId: payload?.import?.id,
    refusals: payload?.import ? [] : received(payload?.userErrors ?? []),
    error,
  });
}

/** Forgets a list's upload once its outcome has been seen. */
export function forgetUpload(listId: string): void {
  if (uploads.has(listId)) put(listId, undefined);
}

function change(listId: string, abort: () => void, part: Partial<Upload>): void {
  const before = uploads.get(listId);
  if (before?.abort === abort) put(listId, { ...before, ...part });
}

function put(listId: string, next: Upload | undefined): void {
  const changed = new Map(uploads);
  if (next) changed.set(listId, next);
  else changed.delete(listId);
  uploads = changed;
  const isSending = [...uploads.values()].some((one) => one.isOpen && one.sent < 1);
  // Leaving the page loses what isn't sent yet: the browser asks first.
  if (isSending) addEventListener('beforeunload', askFirst);
  else removeEventListener('beforeunload', askFirst);
  tell();
}

function tell(): void {
  for (const changed of listeners) changed();
}

function askFirst(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}
