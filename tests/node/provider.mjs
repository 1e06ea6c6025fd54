// SPDX-License-Identifier: Apache-2.0
// provider: an authorization server for the tests, oidc-provider over TLS on loopback. It reads one line of JSON, its
// configuration, then answers each further line, a command, with a line; it ends with its standard input.
import { createInterface } from 'node:readline';
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';

import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const settings = JSON.parse((await lines.next()).value);
const issuer = `https://127.0.0.1:${settings.port}`;
const keys = [];
let seen = 0;
let provider;

// Resources by their URI: { scope, format, ttl }; what is asked for is the audience.
function resourceOf(ctx, indicator) {
  const resource = settings.resources[indicator];

  if (!resource) {
    throw new Error(`no such resource: ${indicator}`);
  }
  return {
    scope: resource.scope,
    audience: indicator,
    accessTokenFormat: resource.format || 'jwt',
    accessTokenTTL: resource.ttl || 600,
    jwt: { sign: { alg: resource.alg || 'RS256' } },
  };
}

function configuration() {
  return {
    jwks: { keys: keys.map((key) => ({ ...key })) },
    clients: settings.clients,
    cookies: { keys: ['one of the tests'] },
    scopes: ['openid', 'offline_access', ...Object.values(settings.resources).flatMap(({ scope }) => scope.split(' '))],
    clientDefaults: { scope: undefined },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    clientBasedCORS: () => true,
    conformIdTokenClaims: true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      registration: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => settings.default || Object.keys(settings.resources)[0],
        useGrantedResource: () => true,
        getResourceServerInfo: resourceOf,
      },
    },
  };
}

async function rotate() {
  const pair = await generateKeyPair('RS256', { extractable: true });

  seen += 1;
  keys.unshift({ ...(await exportJWK(pair.privateKey)), kid: `key-${seen}`, alg: 'RS256', use: 'sig' });
  renew();
}

// The same issuer with the keys and resources of now; what it has promised stays in its memory.
function renew() {
  provider = new Provider(issuer, configuration());
  provider.on('server_error', (ctx, error) => console.error(error));
  handle = provider.callback();
}

// Whoever is asked says yes, to everything, as the account of the login hint.
async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);

  if (prompt.name === 'login') {
    const result = { login: { accountId: params.login_hint || 'joe' } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;

  if (missingOIDCScope) {
    grant.addOIDCScope(missingOIDCScope.join(' '));
  }
  if (missingOIDCClaims) {
    grant.addOIDCClaims(missingOIDCClaims);
  }
  for (const [indicator, scopes] of Object.entries(missingResourceScopes || {})) {
    grant.addResourceScope(indicator, scopes.join(' '));
  }
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

const commands = {
  rotate, // signs with a new key; the old ones stay in the set
  forget: async () => { // takes the old ones out of it
    keys.length = 1;
    renew();
  },
  resource: async ({ uri, ...resource }) => {
    settings.resources[uri] = resource;
    renew();
  },
};

let handle;
await rotate();
createServer(
  { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) },
  (request, response) => {
    if (!request.url.startsWith('/interaction/')) {
      return handle(request, response);
    }
    return interact(request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  },
).listen(settings.port, '127.0.0.1', () => console.log('{"ready":true}'));

for await (const line of lines) {
  const { command, ...rest } = JSON.parse(line);

  await commands[command](rest);
  console.log(JSON.stringify({ done: command, kids: keys.map(({ kid }) => kid) }));
}
process.exit(0);
