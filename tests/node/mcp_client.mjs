// SPDX-License-Identifier: Apache-2.0
// mcp_client: a client of the Model Context Protocol, by its SDK, with a browser that says yes to everything. It reads
// one line of JSON: { client }, by which the authorization server knows it, or null: it registers itself. Each further
// line, { url, tool }, has it connect (and ask its user, as often as it is told to), and call the tool.
import { createInterface } from 'node:readline';

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const BACK = 'https://client.test/back';
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const settings = JSON.parse((await lines.next()).value);
const state = { client: settings.client ? { client_id: settings.client } : undefined, cookies: {}, asked: [] };

const account = {
  redirectUrl: BACK,
  clientMetadata: {
    client_name: 'test', redirect_uris: [BACK], token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'], response_types: ['code'],
  },
  clientInformation: () => state.client,
  saveClientInformation: (client) => { state.client = client; },
  tokens: () => state.tokens,
  saveTokens: (tokens) => { state.tokens = tokens; },
  saveCodeVerifier: (verifier) => { state.verifier = verifier; },
  codeVerifier: () => state.verifier,
  redirectToAuthorization: (url) => { state.authorization = url; },
};

function keepCookies(response) {
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);

    if (value) {
      state.cookies[name] = value;
    } else {
      delete state.cookies[name];
    }
  }
}

// The code that the browser brings back.
async function browse(from) {
  for (let at = from; !at.href.startsWith(BACK);) {
    const cookie = Object.entries(state.cookies).map((pair) => pair.join('=')).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } });

    keepCookies(response);
    if (!response.headers.has('location')) {
      throw new Error(`${response.status} ${await response.text()}`);
    }
    at = new URL(response.headers.get('location'), at);
    if (at.href.startsWith(BACK)) {
      return at.searchParams.get('code');
    }
  }
  return null;
}

async function connect(url) {
  for (let tries = 0; tries < 3; tries += 1) {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const transport = new StreamableHTTPClientTransport(url, { authProvider: account });

    try {
      await client.connect(transport);
      return client;
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) {
        throw error;
      }
      state.asked.push(Object.fromEntries(state.authorization.searchParams));
      await transport.finishAuth(await browse(state.authorization));
    }
  }
  throw new Error('the user was asked three times');
}

async function run({ url, tool }) {
  state.asked = [];
  const client = await connect(new URL(url));
  const { tools } = await client.listTools();
  const result = await client.callTool({ name: tool });

  await client.close();
  return {
    asked: state.asked, tools: tools.map(({ name }) => name), text: result.content[0].text,
    token: state.tokens.access_token, client: state.client.client_id,
  };
}

console.log('{"ready":true}');
for await (const line of lines) {
  try {
    console.log(JSON.stringify(await run(JSON.parse(line))));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
process.exit(0);
