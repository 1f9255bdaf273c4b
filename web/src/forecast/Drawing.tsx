import { Box, Group, Text, VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useId, useState } from 'react';
import { LOCALES, language } from '../language/languages';
import { roundStep } from './axes';
import './drawing.css';

/** The part of a drawing within its axes, in pixels. */
export interface Plot {
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** The height of an amount of credits. */
  y(credits: number): number;
}

/** What a drawing shows at one of its places: the figures, and where it is. */
export interface Place {
  text: string;
  x(plot: Plot): number;
}

const HEIGHT = 220;
const LEFT = 46;
const BOTTOM = 24;

/**
 * A drawing of credits with its axis. Its places are chosen by pointing at them or with the arrow
 * keys, and what is at the place stands below, so that it covers nothing. A screen reader reads it
 * as the value of a slider.
 */
export function Drawing(props: {
  label: string;
  /** What stands below while no place is chosen. */
  hint: string;
  /** The most credits that it shows. */
  most: number;
  places: readonly Place[];
  legend: ReactNode;
  children(plot: Plot, chosen: number | undefined): ReactNode;
}) {
  const { ref, width } = useElementSize();
  const [chosen, setChosen] = useState<number>();
  const hintId = useId();
  const last = props.places.length - 1;
  const plot: Plot = {
    left: LEFT,
    right: Math.max(LEFT + 1, width - 8),
    top: 10,
    bottom: HEIGHT - BOTTOM,
    y: (credits) => plot.bottom - (credits / (props.most || 1)) * (plot.bottom - plot.top),
  };
  const place = chosen === undefined ? undefined : props.places[Math.min(chosen, last)];

  function point(event: PointerEvent<HTMLDivElement>) {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const distances = props.places.map((one) => Math.abs(one.x(plot) - x));
    setChosen(distances.indexOf(Math.min(...distances)));
  }

  function press(event: KeyboardEvent<HTMLDivElement>) {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    setChosen(Math.min(last, Math.max(0, move(chosen ?? 0, last))));
  }

  return (
    <Box>
      <Group mb={6} style={{ gap: '2px 16px' }}>
        {props.legend}
      </Group>
      <div
        ref={ref}
        className="drawing"
        role="slider"
        tabIndex={0}
        aria-label={props.label}
        aria-describedby={hintId}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={chosen ?? 0}
        aria-valuetext={(place ?? props.places[0])?.text}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setChosen(undefined)}
        onFocus={() => setChosen((before) => before ?? 0)}
        onBlur={() => setChosen(undefined)}
        onKeyDown={press}
      >
        {width > 0 && (
          <svg width={width} height={HEIGHT} aria-hidden="true">
            <Amounts plot={plot} most={props.most} />
            {props.children(plot, chosen)}
          </svg>
        )}
      </div>
      <VisuallyHidden id={hintId}>{props.hint}</VisuallyHidden>
      <Text
        size="xs"
        c={place ? undefined : 'dimmed'}
        mt={6}
        mih="3em"
        data-figure="place"
        aria-hidden
      >
        {place?.text ?? props.hint}
      </Text>
    </Box>
  );
}

/** Where a key leads from a place. */
const MOVES: Record<string, (from: number, last: number) => number> = {
  ArrowRight: (from) => from + 1,
  ArrowUp: (from) => from + 1,
  ArrowLeft: (from) => from - 1,
  ArrowDown: (from) => from - 1,
  PageUp: (from) => from + 7,
  PageDown: (from) => from - 7,
  Home: () => 0,
  End: (_, last) => last,
};

/** The axis of credits. */
function Amounts({ plot, most }: { plot: Plot; most: number }) {
  const compact = new Intl.NumberFormat(LOCALES[language()], {
    notation: 'compact',
    maximumSignificantDigits: 3,
  });
  const step = roundStep(most);
  const marks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
  return marks.map((mark) => (
    <g key={mark}>
      <line className="grid" x1={plot.left} x2={plot.right} y1={plot.y(mark)} y2={plot.y(mark)} />
      <text x={plot.left - 6} y={plot.y(mark)} textAnchor="end" dominantBaseline="central">
        {compact.format(mark)}
      </text>
    </g>
  ));
}

/** A name beside a sample of how it is drawn. */
export function LegendItem(props: { name: string; children: ReactNode }) {
  return (
    <Group gap={6} wrap="nowrap">
      <svg className="drawing-sample" width={18} height={12} aria-hidden="true">
        {props.children}
      </svg>
      <Text size="xs">{props.name}</Text>
    </Group>
  );
}

/** The pattern of credits that are lost, which differs from the others not by its colour alone. */
export function LostPattern({ id }: { id: string }) {
  return (
    <defs>
      <pattern id={id} width={5} height={5} patternUnits="userSpaceOnUse" className="lost-pattern">
        <rect width={5} height={5} />
        <path d="M-1,1 L1,-1 M0,5 L5,0 M4,6 L6,4" />
      </pattern>
    </defs>
  );
}
