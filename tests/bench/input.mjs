// SPDX-License-Identifier: Apache-2.0
//
// input.mjs SCHEMA BODY: the same by ajv on node, warmed up: the least of several turns, in microseconds.
import { readFileSync } from 'node:fs';

const { default: Ajv } = await import('ajv/dist/2020.js');
const { default: formats } = await import('ajv-formats');

const [schema, body] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'));
const ajv = new Ajv({ allErrors: true, multipleOfPrecision: 6 });
formats(ajv);
const validate = ajv.compile(JSON.parse(schema));
const EACH = 2000;

const readOnly = () => JSON.parse(body);
const readAndCheck = () => {
    if (!validate(JSON.parse(body))) {
        throw new Error(ajv.errorsText(validate.errors));
    }
};

function turn(what) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < EACH; i++) {
        what();
    }
    return Number(process.hrtime.bigint() - began) / 1000 / EACH;
}

function least(what) {
    let least = Infinity;
    for (let i = 0; i < 20; i++) {
        least = Math.min(least, turn(what));
    }
    return least.toFixed(2).padStart(8);
}

console.log(`${'JSON.parse of node'.padEnd(38)} ${least(readOnly)} us`);
console.log(`${'the same, and ajv'.padEnd(38)} ${least(readAndCheck)} us`);
