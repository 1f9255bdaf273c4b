import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { chooseLanguage } from '../language/i18n';
import { LANGUAGES, type Language, language } from '../language/languages';

/** Each language by its own name, which its readers find whatever the page is in. */
const NAMES: Record<Language, string> = { en: 'English', it: 'Italiano' };

/** Switches the page's language, and keeps the choice. */
export function LanguagePicker() {
  const { t } = useTranslation();
  return (
    <NativeSelect
      size="xs"
      aria-label={t('session.language')}
      value={language()}
      data={LANGUAGES.map((value) => ({ value, label: NAMES[value] }))}
      onChange={(event) => void chooseLanguage(event.currentTarget.value as Language)}
    />
  );
}
