import type { TFunction } from 'i18next';
import type { HistoryRowFragment } from '../generated/graphql';

/** Who did it, in words. */
export function actorName(t: TFunction, actor: HistoryRowFragment['actor']): string {
  if (!actor) return '—';
  switch (actor.kind) {
    case 'ACCOUNT_KEY':
    case 'PLATFORM_KEY': {
      const key = actor.name ?? t('history.platform');
      return actor.onBehalfOf ? `${actor.onBehalfOf} (${key})` : key;
    }
    case 'ACCOUNT_USER':
    case 'PLATFORM_USER':
      return actor.onBehalfOf ?? t('history.platform');
    case 'JOB':
      return t('history.server');
    case 'PROVIDER':
      return t('history.provider', { name: actor.name });
  }
}
