import { Anchor, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { titleOf } from './title';

/** A message's name, which opens it, above the beginning of its text. */
export function MessageLink(props: {
  message: { name?: string | null; text?: string | null };
  onOpen(): void;
}) {
  const { t } = useTranslation();
  const { message } = props;
  return (
    <>
      <Anchor
        component="button"
        type="button"
        size="sm"
        ta="start"
        maw="18rem"
        truncate
        display="block"
        dir="auto"
        onClick={props.onOpen}
      >
        {titleOf(t, message)}
      </Anchor>
      {message.name != null && message.text && (
        <Text size="xs" c="dimmed" maw="18rem" truncate dir="auto">
          {message.text}
        </Text>
      )}
    </>
  );
}
