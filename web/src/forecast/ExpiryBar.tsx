import { Progress } from '@mantine/core';
import { percent, sum } from '../number/decimal';

interface Parts {
  credits: string;
  used: string;
  lost: string;
  held: string;
}

/**
 * What becomes of the credits of a day, as lengths beside those of other days. The figures stand
 * beside it, so that it is hidden from screen readers.
 */
export function ExpiryBar({ expiry, all }: { expiry: Parts; all: readonly Parts[] }) {
  const totals = all.map(({ credits, held }) => sum([credits, held]));
  // A float suffices to find the longest.
  const most = totals.reduce((one, other) => (Number(other) > Number(one) ? other : one), '0');
  const length = (part: string) => percent(part, most);
  return (
    <Progress.Root size="lg" miw={90} aria-hidden="true">
      <Progress.Section value={length(expiry.held)} color="gray" />
      <Progress.Section value={length(expiry.used)} color="teal" />
      <Progress.Section value={length(expiry.lost)} color="orange" />
    </Progress.Root>
  );
}
