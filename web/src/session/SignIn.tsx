import {
  Button,
  Center,
  Container,
  Divider,
  Paper,
  PasswordInput,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { SandboxNotice } from './SandboxNotice';
import { demoKey } from './server';

/** Asks for an API key. On a demo server one click suffices. */
export function SignIn(props: { refusal?: string; onSignIn(key: string): void }) {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState(props.refusal);
  const demo = demoKey();

  function submit(event: FormEvent) {
    event.preventDefault();
    const typed = key.trim().replace(/^Bearer\s+/i, '');
    // A header allows no other characters; fetch would throw.
    if (/^[\x21-\x7e]+$/.test(typed)) props.onSignIn(typed);
    else
      setProblem(
        typed
          ? 'An API key has only letters, digits and symbols, without spaces.'
          : 'Enter an API key.',
      );
  }

  return (
    <Center mih="90dvh" component="main">
      <Container size={420} w="100%">
        <Title order={1} size="h3" mb={4}>
          message-credits
        </Title>
        <Text c="dimmed" size="sm" mb="md">
          Credits, limits and usage of your SMS and MMS accounts.
        </Text>
        <SandboxNotice />
        <Paper withBorder p="lg">
          <form onSubmit={submit} noValidate>
            <Stack gap="md">
              <PasswordInput
                label="API key"
                description="It is kept in this browser tab only."
                autoComplete="off"
                value={key}
                error={problem}
                onChange={(event) => setKey(event.currentTarget.value)}
              />
              <Button type="submit">Sign in</Button>
              {demo && (
                <>
                  <Divider label="or" />
                  <Button variant="light" onClick={() => props.onSignIn(demo)}>
                    Use the demo key
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
