import { Button, Group, Stack, Text } from '@mantine/core';
import { useEffect, useEffectEvent, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type ImportState, percentRead, useLatestImports } from './latest';
import { follow, useFollowed, useUploads } from './uploads';

interface List {
  id: string;
  name: string;
}

/**
 * The imports into lists that run, and those that have ended since, until they are opened. It is
 * loaded only once something runs, or may run.
 */
export function RunningImports<Shown extends List>(props: {
  lists: readonly Shown[];
  onOpen(list: Shown, importId?: string): void;
  /** An import has ended: its list has other counts. */
  onEnd(): void;
}) {
  const { t } = useTranslation();
  const uploads = useUploads();
  const ids = useMemo(() => props.lists.map(({ id }) => id), [props.lists]);
  const isAwaited = ids.some((id) => uploads.get(id)?.isOpen);
  const { imports } = useLatestImports(ids, isAwaited);
  const followed = useFollowed();
  const running = useMemo(() => [...(imports?.values() ?? [])].flat().filter(isRunning), [imports]);
  useEffect(() => {
    for (const { id } of running) follow(id);
  }, [running]);

  const end = useEffectEvent(props.onEnd);
  const runs = useRef(0);
  useEffect(() => {
    if (running.length < runs.current) end();
    runs.current = running.length;
  }, [running.length]);

  const lines = props.lists.flatMap((list) => {
    const upload = uploads.get(list.id);
    const shown = (imports?.get(list.id) ?? []).filter(({ id }) => followed.has(id));
    const rows = shown.map((state) => ({ list, state, text: line(state, list) }));
    if (!upload || upload.importId || shown.some(isRunning)) return rows;
    const words = { file: upload.file.name, list: list.name };
    const text = t(upload.isOpen ? 'import.sendingInto' : 'import.notStarted', words);
    return [{ list, state: undefined, text }, ...rows];
  });

  function line(state: ImportState, list: List): string {
    const words = { file: state.fileName, list: list.name };
    return isRunning(state)
      ? t('import.running', { ...words, percent: percentRead(state) })
      : t('import.ended', {
          ...words,
          status: t(`import.status.${state.status}`),
          imported: t('import.imported', { count: state.importedCount }),
        });
  }

  if (lines.length === 0) return null;
  return (
    <Stack component="section" gap={4} mb="sm" aria-label={t('import.imports')}>
      {lines.map(({ list, state, text }) => (
        <Group key={state?.id ?? list.id} gap="sm" justify="space-between" wrap="nowrap">
          <Text size="sm" dir="auto">
            {text}
          </Text>
          <Button
            size="compact-xs"
            variant="default"
            flex="none"
            aria-label={t('import.showInto', { list: list.name })}
            onClick={() => props.onOpen(list, state?.id)}
          >
            {t('import.show')}
          </Button>
        </Group>
      ))}
    </Stack>
  );
}

function isRunning({ status }: ImportState): boolean {
  return status === 'RUNNING';
}
