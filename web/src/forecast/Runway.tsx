import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { creditsText } from '../number/credits';
import { formatBucket, formatDate } from '../time/format';
import { dayAfter, dayMarks } from './axes';
import { Drawing, LegendItem, type Place, type Plot } from './Drawing';
import type { Outlook } from './outlook';
import { creditsOn, type Point, type Walk } from './walk';

/** The available credits over time, at each pace, and those that are held until their messages. */
export function Runway({ outlook }: { outlook: Outlook }) {
  const { t } = useTranslation();
  const { today, until, usual, band, yearAgo, held } = outlook;
  const lines = [usual, yearAgo, band?.slowest, held].filter((line) => line !== undefined);
  const most = Math.max(...lines.flatMap(({ points }) => points.map(({ credits }) => credits)));
  const x = (plot: Plot, day: number) =>
    plot.left + (Math.min(day, until) / until) * (plot.right - plot.left);
  const days = daysOf(outlook);
  const places: Place[] = days.map((day) => ({
    text: textOf(t, outlook, day),
    x: (plot) => x(plot, day),
  }));
  return (
    <Drawing
      label={t('forecast.runway')}
      hint={t('forecast.runwayHint')}
      most={most}
      places={places}
      legend={<Legend outlook={outlook} />}
    >
      {(plot, chosen) => {
        const path = (points: readonly Point[]) =>
          points.map(({ day, credits }) => `${x(plot, day)},${plot.y(credits)}`).join(' ');
        const day = chosen === undefined ? undefined : days[chosen];
        return (
          <>
            <Days plot={plot} today={today} until={until} x={(one) => x(plot, one)} />
            {held && (
              <polygon
                className="held-area"
                points={`${path(held.points)} ${path([
                  { day: until, credits: 0 },
                  { day: 0, credits: 0 },
                ])}`}
              />
            )}
            {band && (
              <polygon
                className="pace-band"
                points={`${path(band.slowest.points)} ${path(band.fastest.points.toReversed())}`}
              />
            )}
            {yearAgo && <polyline className="past-line" points={path(yearAgo.points)} />}
            <polyline className="pace-line" points={path(usual.points)} />
            <End line={yearAgo} until={until} cx={(one) => x(plot, one)} plot={plot} isPast />
            <End line={usual} until={until} cx={(one) => x(plot, one)} plot={plot} />
            {day !== undefined && (
              <line
                className="chosen"
                x1={x(plot, day)}
                x2={x(plot, day)}
                y1={plot.top}
                y2={plot.bottom}
              />
            )}
          </>
        );
      }}
    </Drawing>
  );
}

/** The day on which a line reaches zero. */
function End(props: {
  line: Walk | undefined;
  until: number;
  cx(day: number): number;
  plot: Plot;
  isPast?: boolean;
}) {
  const end = props.line?.end;
  if (end === undefined || end > props.until) return null;
  return (
    <circle
      className={props.isPast ? 'past-end' : 'pace-end'}
      cx={props.cx(end)}
      cy={props.plot.bottom}
      r={4}
    />
  );
}

function Legend({ outlook }: { outlook: Outlook }) {
  const { t } = useTranslation();
  const line = { x1: 0, x2: 18, y1: 6, y2: 6 };
  const area = { width: 18, height: 12 };
  return (
    <>
      <LegendItem name={t('forecast.line.usual')}>
        <line className="pace-line" {...line} />
      </LegendItem>
      {outlook.band && (
        <LegendItem name={t('forecast.line.band')}>
          <rect className="pace-band" {...area} />
        </LegendItem>
      )}
      {outlook.yearAgo && (
        <LegendItem name={t('forecast.line.yearAgo')}>
          <line className="past-line" {...line} />
        </LegendItem>
      )}
      {outlook.held && (
        <LegendItem name={t('forecast.line.held')}>
          <rect className="held-area" {...area} />
        </LegendItem>
      )}
    </>
  );
}

/** The axis of days. */
function Days(props: { plot: Plot; today: string; until: number; x(day: number): number }) {
  const { plot, today, until } = props;
  const room = Math.floor((plot.right - plot.left) / 76);
  const { days, months } = dayMarks(today, until, room);
  return days.map((day) => {
    const at = props.x(day);
    const date = `${dayAfter(today, day)}T00:00:00Z`;
    const anchor = at - plot.left < 20 ? 'start' : plot.right - at < 30 ? 'end' : 'middle';
    return (
      <g key={day}>
        <line className="grid" x1={at} x2={at} y1={plot.bottom} y2={plot.bottom + 4} />
        <text x={at} y={plot.bottom + 17} textAnchor={anchor}>
          {formatBucket(date, months ? 'MONTH' : 'DAY', 'UTC')}
        </text>
      </g>
    );
  });
}

/** The places along the time, besides the days on which something happens. */
const PLACES = 60;

/** The days to stop at. */
function daysOf({ until, usual, band, yearAgo, held }: Outlook): number[] {
  const step = Math.max(1, Math.round(until / PLACES));
  const even = Array.from({ length: Math.floor(until / step) + 1 }, (_, index) => index * step);
  const lines = [usual, band?.fastest, band?.slowest, yearAgo, held];
  const own = lines.flatMap((line) => line?.points.map(({ day }) => Math.floor(day)) ?? []);
  const days = new Set([...even, ...own].filter((day) => day <= until));
  return [...days].sort((one, other) => one - other);
}

/** What is left on a day, at each pace. */
function textOf(t: TFunction, outlook: Outlook, day: number): string {
  const { today, usual, band, yearAgo, held } = outlook;
  const at = (line: Walk) => creditsText(t, rounded(creditsOn(line, day)));
  const figure = (line: Walk) => rounded(creditsOn(line, day));
  const isBand = band && figure(band.slowest) !== figure(band.fastest);
  const parts = [
    t('forecast.at.usual', { credits: at(usual) }),
    isBand && t('forecast.at.band', { few: at(band.fastest), many: at(band.slowest) }),
    yearAgo && t('forecast.at.yearAgo', { credits: at(yearAgo) }),
    held && t('forecast.at.held', { credits: at(held) }),
  ];
  return `${formatDate(dayAfter(today, day))}: ${parts.filter(Boolean).join('; ')}`;
}

/** An estimate, without more digits than it has a right to. */
function rounded(credits: number): string {
  return String(Math.round(credits));
}
