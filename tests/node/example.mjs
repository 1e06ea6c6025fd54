// SPDX-License-Identifier: Apache-2.0
// example: runs a program that would run for ever, until its standard input ends. It reads a line of JSON: { file }.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { file } = JSON.parse((await lines.next()).value);

await import(pathToFileURL(file));
console.log('{"ready":true}');
await lines.next();
process.exit(0);
