import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** A dialog over the page, which the escape key closes. */
export function Dialog(props: {
  title: string;
  size?: 'xl';
  onClose(): void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      centered
      onClose={props.onClose}
      title={props.title}
      size={props.size}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      // Its `header` element is not a banner of the page.
      attributes={{ header: { role: 'presentation' } }}
    >
      {props.children}
    </Modal>
  );
}
