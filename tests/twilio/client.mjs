// Twilio's own package for Node, unmodified but for the address: send, list, fetch, cancel, delete,
// receive and validate, and an error with its code. Usage: node client.mjs URL SID TOKEN FROM TO
import { createServer } from 'node:http';
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

const posted = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const form = Object.fromEntries(new URLSearchParams(body));
    posted.push([request.headers['x-twilio-signature'], form]);
    response.writeHead(204).end();
  });
});
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const statusCallback = `http://127.0.0.1:${server.address().port}/status?from=node`;

const made = await client.messages.create({ to, from, body: 'From Node 👋', statusCallback });
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
const told = () => posted.map(([, form]) => form.MessageStatus);
while (!told().includes('delivered')) {
  await new Promise((later) => { setTimeout(later, 50); });
}
server.close();
const [signature, form] = posted[0];
seen.valid = twilio.validateRequest(token, signature, statusCallback, form);
seen.forged = twilio.validateRequest(token, signature, statusCallback, { ...form, To: from });
seen.statuses = told().at(-1);
console.log(JSON.stringify(seen));
