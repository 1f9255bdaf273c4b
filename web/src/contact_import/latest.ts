import { useEffect, useMemo } from 'react';
import { type CombinedError, useQuery } from 'urql';
import { graphql, readFragment } from '../generated';
import type { ImportStateFragment } from '../generated/graphql';

const STATE = graphql(`
  fragment ImportState on ContactImport {
    id
    fileName
    status
    byteCount
    bytesRead
    rowCount
    importedCount
    duplicateCount
    rejectedCount
    reason
    createdAt
  }
`);

const LATEST = graphql(`
  query LatestImports($lists: [ID!]!) {
    nodes(ids: $lists) {
      __typename
      ... on ContactList {
        id
        imports(first: 5) {
          nodes {
            ...ImportState
          }
        }
      }
    }
  }
`);

export type ImportState = ImportStateFragment;

/** How often a running import is asked for, in milliseconds. */
const STEP_MS = 1_000;

/**
 * The latest imports of lists, newest first, by the list's id. They are asked for again while one
 * of them runs, or while `isAwaited`.
 */
export function useLatestImports(
  lists: readonly string[],
  isAwaited: boolean,
): { imports: ReadonlyMap<string, readonly ImportState[]> | undefined; error?: CombinedError } {
  const [{ data, error }, ask] = useQuery({
    query: LATEST,
    variables: { lists: [...lists] },
    requestPolicy: 'network-only',
    pause: lists.length === 0,
  });
  const imports = useMemo(() => {
    if (!data) return undefined;
    return new Map(
      data.nodes.flatMap((node) =>
        node?.__typename === 'ContactList'
          ? [[node.id, node.imports.nodes.map((one) => readFragment(STATE, one))] as const]
          : [],
      ),
    );
  }, [data]);
  const isRunning =
    isAwaited || [...(imports?.values() ?? [])].flat().some(({ status }) => status === 'RUNNING');
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => ask({ requestPolicy: 'network-only' }), STEP_MS);
    return () => clearInterval(timer);
  }, [isRunning, ask]);
  return { imports, error };
}

/** The import that came of an upload, as soon as the server has begun it. */
export function importOf(
  upload: { file: File; known: ReadonlySet<string> },
  imports: readonly ImportState[],
): ImportState | undefined {
  return imports.find(
    ({ id, byteCount }) => !upload.known.has(id) && byteCount === upload.file.size,
  );
}

/** How much of its file an import has read, in whole percent. */
export function percentRead({ bytesRead, byteCount }: ImportState): number {
  return byteCount > 0 ? Math.floor((bytesRead / byteCount) * 100) : 0;
}
