import {
  Anchor,
  AppShell,
  Badge,
  Burger,
  Button,
  Center,
  Container,
  Group,
  Text,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { AccountPage } from '../account/AccountPage';
import { AccountPicker } from '../account/AccountPicker';
import { graphql } from '../generated';
import { isUnauthenticated } from '../screen/explain';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pending } from '../screen/Pending';
import { LanguagePicker } from './LanguagePicker';
import { permissionsOf } from './permissions';
import { goTo, platformHash, usePlatformPart, useRoute } from './route';
import { SandboxNotice } from './SandboxNotice';
import { hasGraphiql } from './server';

const PlatformPage = lazy(async () => ({
  default: (await import('../platform/PlatformPage')).PlatformPage,
}));

const VIEWER = graphql(`
  query Viewer {
    viewer {
      role
      accounts(first: 1) {
        nodes {
          id
        }
      }
    }
  }
`);

/**
 * Everything behind the key: the header, the account picker of platform roles, and the open
 * account.
 */
export function Workspace({ onSignOut }: { onSignOut(reason?: string): void }) {
  const { t } = useTranslation();
  const [{ data, error }, retry] = useQuery({ query: VIEWER });
  const [pickerOpen, picker] = useDisclosure(false);
  const route = useRoute();
  const platformPart = usePlatformPart();
  const refused = error !== undefined && isUnauthenticated(error);

  useEffect(() => {
    if (refused) onSignOut(t('session.refusedKey'));
  }, [refused, onSignOut, t]);

  const role = data?.viewer.role;
  const can = role && permissionsOf(role);
  const part = can?.everyAccount ? platformPart : undefined;
  const account = route.account ?? data?.viewer.accounts.nodes[0]?.id;

  return (
    <AppShell
      header={{ height: 52 }}
      navbar={
        can?.everyAccount
          ? { width: 270, breakpoint: 'sm', collapsed: { mobile: !pickerOpen } }
          : undefined
      }
      padding="md"
    >
      <button type="button" className="skip-link" onClick={skipToContent}>
        {t('session.skip')}
      </button>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
            {can?.everyAccount && (
              <Burger
                hiddenFrom="sm"
                size="sm"
                opened={pickerOpen}
                onClick={picker.toggle}
                aria-label={t('session.chooseAccount')}
                aria-expanded={pickerOpen}
              />
            )}
            <Text fw={700} truncate>
              message-credits
            </Text>
          </Group>
          <Group gap="sm" wrap="nowrap" style={{ flexShrink: 0 }}>
            {role && (
              <Badge variant="light" color="gray" visibleFrom="xs">
                {t(`role.${role}`)}
              </Badge>
            )}
            {can?.graphiql && hasGraphiql() && (
              <Anchor href="/graphiql" size="sm" visibleFrom="sm">
                GraphiQL
              </Anchor>
            )}
            <LanguagePicker />
            <Button size="compact-sm" variant="subtle" onClick={() => onSignOut()}>
              {t('session.signOut')}
            </Button>
          </Group>
        </Group>
      </AppShell.Header>

      {can?.everyAccount && (
        <AppShell.Navbar p="sm" aria-label={t('account.accounts')}>
          <Anchor
            href={platformHash('accounts')}
            size="sm"
            mb="sm"
            fw={part ? 600 : undefined}
            aria-current={part ? 'page' : undefined}
            onClick={picker.close}
          >
            {t('platform.title')}
          </Anchor>
          <AccountPicker
            selected={part ? undefined : account}
            onSelect={(id) => {
              goTo({ ...route, account: id });
              picker.close();
            }}
          />
        </AppShell.Navbar>
      )}

      <AppShell.Main id="content" tabIndex={-1}>
        <Container size={1180} px={0}>
          <SandboxNotice />
          {error && !refused && <Failure error={error} onRetry={retry} />}
          {!data && !error && <Pending rows={6} />}
          {can && part && (
            <Suspense fallback={<Pending rows={6} />}>
              <PlatformPage part={part} can={can} />
            </Suspense>
          )}
          {can && !part && account && <AccountPage key={account} accountId={account} can={can} />}
          {can && !part && !account && (
            <Center mih={200}>
              <Nothing>{t('account.noneForKey')}</Nothing>
            </Center>
          )}
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}

/** A button instead of a link, because the address's hash holds the route. */
function skipToContent() {
  document.getElementById('content')?.focus();
}
