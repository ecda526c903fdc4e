// npm's mailauth as a peer that seals and verifies ARC chains: a worker that speaks what worker.py describes.
'use strict';

const fs = require('fs');
const readline = require('readline');

let mailauth;
try {
    mailauth = require('mailauth');
} catch (e) {
    console.error("npm's mailauth is not installed");
    process.exit(1);
}

const say = (...parts) => console.log(parts.map(p => String(p).replace(/\s+/g, ' ').trim()).join('\t'));

const keys = {};
for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n')) {
    const at = line.indexOf(' ');
    if (at > 0)
        keys[line.slice(0, at)] = line.slice(at + 1);
}

// Answers from the file of keys, in the place of node's resolver.
async function resolver(name, type) {
    if (type === 'TXT' && keys[name] !== undefined)
        return [[keys[name]]];
    const e = new Error('no such record');
    e.code = 'ENOTFOUND';
    throw e;
}

async function seal(message, out, domain, selector, key, cv, results) {
    const text = fs.readFileSync(message);
    // Without signTime it reads the clock once for the octets that it signs and once for the field: in one seal of
    // about a hundred and fifty t= is a second late, and the signature does not verify.
    const fields = await mailauth.sealMessage(text, {
        signingDomain: domain, selector, privateKey: fs.readFileSync(key), algorithm: 'rsa-sha256',
        authResults: results, cv, signTime: new Date()
    });
    fs.writeFileSync(out, Buffer.concat([Buffer.from(fields), text]));
    return ['signed', ''];
}

async function chain(message) {
    const found = await mailauth.authenticate(fs.readFileSync(message), {
        ip: '192.0.2.7', helo: 'mx.list.example', sender: 'alice@example.org', mta: 'mx.example.com', resolver,
        disableBimi: true
    });
    return [found.arc.status.result, found.arc.status.comment || ''];
}

async function answer(job) {
    try {
        return await (job[0] === 'seal' ? seal(...job.slice(1)) : chain(job[1]));
    } catch (e) {
        return ['error', e.message];
    }
}

async function main() {
    say('peer', 'mailauth ' + require('mailauth/package.json').version);
    say('ready');
    for await (const line of readline.createInterface({ input: process.stdin }))
        say(...await answer(line.split('\t')));
}

main();
