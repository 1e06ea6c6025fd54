// SPDX-License-Identifier: Apache-2.0
// tokens: makes tokens by jose. It reads one line of JSON: { algs, claims }; asked for more, it answers with the set of
// public keys, and a token of each algorithm.
import { createInterface } from 'node:readline';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { algs, claims } = JSON.parse((await lines.next()).value);
const rsa = await generateKeyPair('RS256'); // one for all that is RSA: to find primes takes long

console.log('{"ready":true}');
for await (const line of lines) {
  const keys = [];
  const tokens = {};

  for (const alg of algs) {
    const { publicKey, privateKey } = /^[RP]S/.test(alg) ? rsa : await generateKeyPair(alg);

    keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' });
    tokens[alg] = await new SignJWT({ ...claims, ...JSON.parse(line) })
      .setProtectedHeader({ alg, kid: alg, typ: 'at+jwt' })
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(privateKey);
  }
  console.log(JSON.stringify({ set: { keys }, tokens }));
}
