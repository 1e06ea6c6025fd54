// SPDX-License-Identifier: Apache-2.0
// readers: a server that answers with a request's arguments as URLSearchParams, querystring and qs (which Express has) read
// them, and with its form as the platform's FormData does. It reads a line; asked for more, it answers with its port.
import { createServer } from 'node:http';
import querystring from 'node:querystring';
import { createInterface } from 'node:readline';

import qs from 'qs';

async function formOf(request, body) {
  const type = request.headers['content-type'];

  if (!type) {
    return null;
  }
  const form = await new Response(body, { headers: { 'Content-Type': type } }).formData();
  const fields = [];

  for (const [name, value] of form) {
    fields.push(typeof value === 'string' ? [name, null, value] : [name, value.name, Buffer.from(await value.arrayBuffer()).toString('latin1')]);
  }
  return fields;
}

const server = createServer(async (request, response) => {
  const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : '';
  const chunks = [];

  for await (const chunk of request) {
    chunks.push(chunk);
  }
  response.setHeader('Content-Type', 'application/json');
  try {
    response.end(JSON.stringify({
      search: [...new URLSearchParams(query)],
      querystring: querystring.parse(query),
      qs: qs.parse(query, { allowDots: false }),
      dots: qs.parse(query, { allowDots: true }),
      form: await formOf(request, Buffer.concat(chunks)),
    }));
  } catch (error) {
    response.end(JSON.stringify({ error: String(error) }));
  }
});
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

await lines.next();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
console.log('{"ready":true}');
for await (const line of lines) {
  void line;
  console.log(JSON.stringify({ port: server.address().port }));
}
server.closeAllConnections?.();
server.close();
