// The libraries of npm: what they answer for every case, and how often a second.
//
// Here: how each is called. Not here: the texts, which come as JSON on the standard input, and which
// answers are right, which is for the one who asks. The argument is the folder with node_modules.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/package.json`);

/** Each library: `count` tells how many segments, `list` gives their texts, `cut` does the least that lists them. */
const calls = {
  "sms-segments-calculator": ({ SegmentedMessage }) => ({
    count: (text) => new SegmentedMessage(text).segmentsCount,
    cut: (text) => new SegmentedMessage(text).segments,
    // A segment holds its header too, and an array made from one by `map` would get a header of its own.
    list: (text) =>
      new SegmentedMessage(text).segments.map((segment) =>
        Array.from(segment, (each) => (each.isReservedChar ? "" : each.raw)).join(""),
      ),
  }),
  "split-sms": ({ split }) => ({
    count: (text) => split(text, { summary: true }).parts.length,
    cut: (text) => split(text).parts,
    list: (text) => split(text).parts.map((part) => part.content),
  }),
  "@trt2/gsm-charset-utils": ({ getCharCount }) => {
    const { splitStringIntoSmsSegments } = require("@trt2/gsm-charset-utils/lib/SmsUtil.js");
    return {
      count: (text) => getCharCount(text).msgCount,
      cut: (text) => splitStringIntoSmsSegments(text).segmentInfo.parts,
      list: (text) => splitStringIntoSmsSegments(text).segmentInfo.parts.map((part) => part.text),
    };
  },
  gsm: (gsm) => ({
    count: (text) => gsm(text).sms_count,
    cut: (text) => gsm(text).parts,
    list: (text) => gsm(text).parts,
  }),
  "sms-length": ({ count }) => ({ count: (text) => count(text).messages }),
  "sms-counter": ({ default: counter }) => ({ count: (text) => counter.count(text).messages }),
  smshelper: ({ parts }) => ({ count: parts }),
};

/** What a library answers, or null where it throws. */
function answer(call, text) {
  try {
    return call(text);
  } catch {
    return null;
  }
}

let sink = 0;

/** Milliseconds that this thread has run, where the system tells; else the time of day. */
function ran() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Calls a second: the best of some rounds, after one that warms up. */
function perSecond(call, text, rounds, milliseconds) {
  let best = 0;
  for (let round = 0; round <= rounds; round += 1) {
    const begin = ran();
    let calls = 0;
    let passed = 0;
    // Looking at the clock takes longer than a call; so it is done ever more rarely.
    let batch = 1;
    while (passed < milliseconds) {
      for (let each = 0; each < batch; each += 1) {
        const answered = call(text);
        sink += typeof answered === "number" ? answered : answered.length;
      }
      calls += batch;
      batch *= 2;
      passed = ran() - begin;
    }
    if (round > 0) best = Math.max(best, (calls * 1000) / passed);
  }
  return best;
}

const { cases, texts, rounds, milliseconds } = JSON.parse(readFileSync(0, "utf8"));
const peers = Object.entries(calls).map(([name, build]) => {
  const { count, cut, list } = build(require(name));
  const rates = (call) => call && texts.map((text) => perSecond(call, text, rounds, milliseconds));
  return {
    name,
    version: require(`${name}/package.json`).version,
    counts: cases.map((text) => answer(count, text)),
    // Half a surrogate pair is no text; it comes as U+FFFD, and so as a wrong piece.
    lists: list && cases.map((text) => answer(list, text)?.map((piece) => piece.toWellFormed()) ?? null),
    counting: rates(count),
    listing: rates(cut),
  };
});
console.log(JSON.stringify({ node: process.version, peers, sink }));
