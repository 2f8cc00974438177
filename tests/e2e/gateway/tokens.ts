// SPDX-License-Identifier: BSL-1.0
import type { KeyObject } from 'node:crypto';
import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An issuer of JSON Web Tokens (RS256), and of invalid ones. */
export class TokenIssuer {
  private readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;

  constructor() {
    ({ privateKey: this.privateKey, publicKey: this.publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 }));
  }

  get pem(): string {
    return this.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  get jwks(): string {
    return JSON.stringify({ keys: [{ ...this.publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'one' }] });
  }

  claims(overrides: Record<string, unknown> = {}): object {
    const now = Math.floor(Date.now() / 1000);
    return { iss: 'https://issuer.example', aud: 'api', sub: 'alice', exp: now + 300, nbf: now - 10, ...overrides };
  }

  sign(claims: object = this.claims()): string {
    const input = `${encode({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${encode(claims)}`;
    return `${input}.${createSign('RSA-SHA256').update(input).sign(this.privateKey).toString('base64url')}`;
  }

  unsigned(): string {
    return `${encode({ alg: 'none' })}.${encode(this.claims())}.`;
  }

  /** Signed by HS256, with the public key as the secret. */
  algorithmConfusion(): string {
    const input = `${encode({ alg: 'HS256', kid: 'one' })}.${encode(this.claims())}`;
    return `${input}.${createHmac('sha256', this.pem).update(input).digest('base64url')}`;
  }
}
