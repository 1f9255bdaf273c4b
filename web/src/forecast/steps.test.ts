import { expect, test } from 'vitest';
import { sum } from '../number/decimal';
import { stepsOf } from './steps';

function expiry(day: number, used: string, lost: string, held = '0') {
  const expiresOn = `2027-01-${String(day).padStart(2, '0')}`;
  return { expiresOn, credits: sum([used, lost]), used, lost, held };
}

test('the steps and what stays add up to what there is', () => {
  const expiries = [expiry(3, '10', '5.5', '2'), expiry(9, '0', '20')];
  const forecast = { expiries, usedInThirtyDays: '0', runsOutOn: null };
  const { steps, rest } = stepsOf({ available: '100.25', held: '7' }, forecast);
  expect(steps.map(({ from, to }) => [from, to])).toEqual([
    ['2027-01-03', '2027-01-03'],
    ['2027-01-09', '2027-01-09'],
  ]);
  expect(rest).toEqual({ stays: '64.75', used: '0', held: '5' });
});

test('days beyond the twelfth step are put together', () => {
  const expiries = Array.from({ length: 20 }, (_, index) => expiry(index + 1, '1', '0.5'));
  const forecast = { expiries, usedInThirtyDays: '3', runsOutOn: '2027-02-01' };
  const { steps, rest } = stepsOf({ available: '30', held: '0' }, forecast);
  expect(steps.length).toBe(12);
  expect(steps.at(-1)).toEqual({
    from: '2027-01-12',
    to: '2027-01-20',
    used: '9',
    lost: '4.5',
    held: '0',
  });
  expect(rest.stays).toBe('0');
});

test('what was read at different instants is never below zero', () => {
  const expiries = [expiry(3, '2', '0', '1')];
  const forecast = { expiries, usedInThirtyDays: '60', runsOutOn: '2027-01-03' };
  const { rest } = stepsOf({ available: '1', held: '0' }, forecast);
  expect(rest).toEqual({ stays: '0', used: '0', held: '0' });
});

test('credits without a day are used up when they run out, else at the pace of two years', () => {
  const expiries = [expiry(3, '10', '0')];
  const rest = (runsOutOn: string | null) =>
    stepsOf({ available: '110.5', held: '0' }, { expiries, usedInThirtyDays: '3', runsOutOn }).rest;
  expect(rest('2027-06-01')).toEqual({ stays: '0', used: '100.5', held: '0' });
  // 73 in two years, 10 of which are of the credits that expire.
  expect(rest(null)).toEqual({ stays: '37.5', used: '63', held: '0' });
});
