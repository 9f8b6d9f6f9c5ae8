// Twilio's own package for Node, unmodified but for the address: send, list, fetch, cancel, delete,
// and an error with its code. Usage: node client.mjs URL SID TOKEN FROM TO
import twilio from 'twilio';

const [base, sid, token, from, to] = process.argv.slice(2);
const there = new URL(base);

class Local extends twilio.RequestClient {
  request(options) {
    const url = new URL(options.uri);
    url.protocol = there.protocol;
    url.host = there.host;
    return super.request({ ...options, uri: url.toString() });
  }
}

const client = twilio(sid, token, { httpClient: new Local() });
const seen = {};

const made = await client.messages.create({ to, from, body: 'From Node 👋' });
seen.sent = [made.status, made.direction, made.numSegments, made.dateCreated instanceof Date];

const later = new Date(Date.now() + 3600_000);
const scheduled = [];
for (let n = 0; n < 3; n += 1) {
  scheduled.push(await client.messages.create({
    to, from, body: `Later ${n}`, scheduleType: 'fixed', sendAt: later,
  }));
}
seen.scheduled = scheduled.map((message) => message.status);
seen.listed = (await client.messages.list({ to, pageSize: 2 })).length;
const canceled = await client.messages(scheduled[0].sid).update({ status: 'canceled' });
seen.canceled = canceled.status;
seen.fetched = (await client.messages(scheduled[1].sid).fetch()).body;
seen.deleted = await client.messages(scheduled[0].sid).remove();
try {
  await client.messages(scheduled[0].sid).fetch();
} catch (error) {
  seen.gone = [error.status, error.code];
}
try {
  await client.messages.create({ to: '12', from, body: 'x' });
} catch (error) {
  seen.refused = [error.status, error.code];
}
console.log(JSON.stringify(seen));
