import type { TFunction } from 'i18next';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { creditsText } from '../number/credits';
import { isZero, toPlottable } from '../number/decimal';
import { formatLastDay, formatShortDay } from '../time/format';
import { dayAfter } from './axes';
import { Drawing, LegendItem, LostPattern, type Place, type Plot } from './Drawing';
import type { Step, Steps } from './steps';

type Part = 'stays' | 'used' | 'lost' | 'held';

/** A column of the drawing: its parts, from the top down. */
interface Column {
  name: string;
  text: string;
  top: number;
  parts: readonly [Part, number][];
}

/** From today's credits down to what stays, a step for each day on which credits expire. */
export function Waterfall({ steps, today }: { steps: Steps; today: string }) {
  const { t } = useTranslation();
  const pattern = useId();
  const columns = columnsOf(t, steps, today);
  const places: Place[] = columns.map(({ text }, index) => ({
    text,
    x: (plot) => middle(plot, columns.length, index),
  }));
  const parts: Part[] = ['stays', 'used', 'lost', 'held'];
  const shown = parts.filter((part) =>
    columns.some((column) => column.parts.some(([one, credits]) => one === part && credits > 0)),
  );
  return (
    <Drawing
      label={t('forecast.waterfall')}
      hint={t('forecast.waterfallHint')}
      most={columns[0]?.top ?? 0}
      places={places}
      legend={shown.map((part) => (
        <LegendItem key={part} name={t(`forecast.part.${part}`)}>
          {part === 'lost' && <LostPattern id={`${pattern}sample`} />}
          <Block part={part} pattern={`${pattern}sample`} x={0} y={0} width={18} height={12} />
        </LegendItem>
      ))}
    >
      {(plot, chosen) => (
        <>
          <LostPattern id={pattern} />
          {columns.map((column, index) => (
            <Bar
              key={column.text}
              plot={plot}
              column={column}
              pattern={pattern}
              isChosen={index === chosen}
              middle={middle(plot, columns.length, index)}
              width={(plot.right - plot.left) / columns.length}
              isFirst={index === 0}
              isLast={index === columns.length - 1}
              isNamed={isNamed(plot, columns.length, index)}
            />
          ))}
        </>
      )}
    </Drawing>
  );
}

function middle(plot: Plot, count: number, index: number): number {
  return plot.left + ((plot.right - plot.left) / count) * (index + 0.5);
}

/** The width of a column's name. */
const NAME = 52;

/** Whether there is room for a column's name. The first and the last have one in any case. */
function isNamed(plot: Plot, count: number, index: number): boolean {
  const every = Math.ceil((NAME * count) / (plot.right - plot.left));
  const last = count - 1;
  return index === last || (index % every === 0 && last - index >= every);
}

function Bar(props: {
  plot: Plot;
  column: Column;
  pattern: string;
  middle: number;
  width: number;
  isChosen: boolean;
  isFirst: boolean;
  isLast: boolean;
  isNamed: boolean;
}) {
  const { plot, column } = props;
  const width = Math.min(48, props.width * 0.7);
  const left = props.middle - width / 2;
  let from = column.top;
  const blocks = column.parts.map(([part, credits]) => {
    const top = plot.y(from);
    from -= credits;
    return { part, y: top, height: Math.max(0, plot.y(from) - top) };
  });
  const end = plot.y(props.isFirst ? column.top : from);
  return (
    <g>
      {props.isChosen && (
        <rect
          className="chosen"
          x={props.middle - props.width / 2}
          y={plot.top}
          width={props.width}
          height={plot.bottom - plot.top}
        />
      )}
      {blocks.map((block) => (
        <Block key={block.part} {...block} pattern={props.pattern} x={left} width={width} />
      ))}
      {!props.isLast && (
        <line className="connector" x1={left + width} x2={left + props.width} y1={end} y2={end} />
      )}
      {props.isNamed && (
        <text x={props.middle} y={plot.bottom + 16} textAnchor="middle">
          {column.name}
        </text>
      )}
    </g>
  );
}

function Block(props: {
  part: Part;
  pattern: string;
  x: number;
  y: number;
  width: number;
  height: number;
}) {
  const { part, pattern, ...box } = props;
  if (box.height <= 0) return null;
  return part === 'lost' ? (
    <rect fill={`url(#${pattern})`} {...box} />
  ) : (
    <rect className={part} {...box} />
  );
}

function columnsOf(t: TFunction, { available, held, steps, rest }: Steps, today: string): Column[] {
  const parts = (given: Partial<Record<Part, string>>): Column['parts'] =>
    Object.entries(given).map(([part, credits]) => [part as Part, toPlottable(credits)]);
  let left = toPlottable(available) + toPlottable(held);
  const first: Column = {
    name: t('forecast.now'),
    text: sentence(t, t('forecast.now'), { stays: available, held }),
    top: left,
    parts: parts({ stays: available, held }),
  };
  const middle = steps.map((step): Column => {
    const { used, lost, held } = step;
    const column = {
      name: formatShortDay(dayAfter(step.to, -1), today),
      text: sentence(t, daysOf(step), { used, lost, held }),
      top: left,
      parts: parts({ used, lost, held }),
    };
    left -= column.parts.reduce((sum, [, credits]) => sum + credits, 0);
    return column;
  });
  const last: Column = {
    name: t('forecast.later'),
    text: sentence(t, t('forecast.laterOrNever'), { ...rest }),
    top: [rest.stays, rest.used, rest.held].map(toPlottable).reduce((sum, part) => sum + part),
    parts: parts({ used: rest.used, stays: rest.stays, held: rest.held }),
  };
  return [first, ...middle, last];
}

function daysOf({ from, to }: Step): string {
  return from === to ? formatLastDay(to) : `${formatLastDay(from)} – ${formatLastDay(to)}`;
}

/** "30 Dec 2026: 12 credits will be used, 3 credits will expire". Parts of nothing are left out. */
function sentence(t: TFunction, name: string, parts: Partial<Record<Part, string>>): string {
  const given = Object.entries(parts).filter(([, credits]) => !isZero(credits));
  const texts = given.map(([part, credits]) =>
    t(`forecast.of.${part as Part}`, { credits: creditsText(t, credits) }),
  );
  return `${name}: ${texts.join(', ') || creditsText(t, '0')}`;
}
