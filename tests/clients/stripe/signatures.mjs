// Signs webhooks, and verifies signatures, with Stripe's own library. A line of standard input is a
// task in JSON, and a line of standard output is its result:
// { "sign": payload, "secret": …, "timestamp": … } gives the header;
// { "verify": payload, "secret": …, "header": …, "now": … } gives the event's id, or an error.
// Times are in seconds.

import { createInterface } from "node:readline";
import Stripe from "stripe";

const { webhooks } = new Stripe("sk_test_unused");

function result(task) {
  if (task.sign !== undefined) {
    const { sign: payload, secret, timestamp } = task;
    return { header: webhooks.generateTestHeaderString({ payload, secret, timestamp }) };
  }
  try {
    const { verify, header, secret, now } = task;
    const event = webhooks.constructEvent(verify, header, secret, undefined, undefined, now * 1000);
    return { event: event.id };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(result(JSON.parse(line))));
}
