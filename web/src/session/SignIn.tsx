import {
  Button,
  Center,
  Container,
  Divider,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LanguagePicker } from './LanguagePicker';
import { SandboxNotice } from './SandboxNotice';
import { demoKey } from './server';

/** Asks for an API key. On a demo server one click suffices. */
export function SignIn(props: { refusal?: string; onSignIn(key: string): void }) {
  const { t } = useTranslation();
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState(props.refusal);
  const demo = demoKey();

  function submit(event: FormEvent) {
    event.preventDefault();
    const typed = key.trim().replace(/^Bearer\s+/i, '');
    // A header allows no other characters; fetch would throw.
    if (/^[\x21-\x7e]+$/.test(typed)) props.onSignIn(typed);
    else setProblem(typed ? t('session.malformedKey') : t('session.noKey'));
  }

  return (
    <Center mih="90dvh" component="main">
      <Container size={420} w="100%">
        <Group justify="space-between" mb={4}>
          <Title order={1} size="h3">
            message-credits
          </Title>
          <LanguagePicker />
        </Group>
        <Text c="dimmed" size="sm" mb="md">
          {t('session.purpose')}
        </Text>
        <SandboxNotice />
        <Paper withBorder p="lg">
          <form onSubmit={submit} noValidate>
            <Stack gap="md">
              <PasswordInput
                label={t('session.apiKey')}
                description={t('session.keptInTab')}
                autoComplete="off"
                value={key}
                error={problem}
                onChange={(event) => setKey(event.currentTarget.value)}
              />
              <Button type="submit">{t('session.signIn')}</Button>
              {demo && (
                <>
                  <Divider label={t('session.or')} />
                  <Button variant="light" onClick={() => props.onSignIn(demo)}>
                    {t('session.demoKey')}
                  </Button>
                </>
              )}
            </Stack>
          </form>
        </Paper>
      </Container>
    </Center>
  );
}
