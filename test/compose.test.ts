import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));

const SECRETS = { POSTGRES_PASSWORD: 'a-password-for-this-test', DROVER_ADMIN_TOKEN: 'an-admin-token-for-this-test' };

interface Compose {
  services: Record<
    string,
    { image?: string; ports?: string[]; healthcheck?: object; environment?: Record<string, string> }
  >;
}

describe('docker-compose.yml', () => {
  beforeAll(() => {
    execFileSync('scripts/ensure-tools.sh', { cwd: root, stdio: 'inherit' });
  });

  test('is what docker-compose takes', () => {
    expect(config(SECRETS)).toMatchObject({ status: 0 });
  });

  test.each(Object.keys(SECRETS))('is refused without %s, naming it', (name) => {
    const { status, stderr } = config({ ...SECRETS, [name]: '' });
    expect(status).not.toBe(0);
    expect(stderr).toContain(name);
  });

  test('has the API ask for tokens, and the drover command beside it show one', () => {
    const { environment = {} } = services()['api'] ?? {};
    expect(environment).toMatchObject({
      DROVER_LISTEN: '0.0.0.0:7610',
      DROVER_ADMIN_TOKEN: SECRETS.DROVER_ADMIN_TOKEN,
    });
    expect(environment['DROVER_TOKEN']).toBe(SECRETS.DROVER_ADMIN_TOKEN);
  });

  test('gives the token to no other service', () => {
    const { api, ...others } = services();
    expect(JSON.stringify(api)).toContain(SECRETS.DROVER_ADMIN_TOKEN);
    expect(JSON.stringify(others)).not.toContain(SECRETS.DROVER_ADMIN_TOKEN);
  });

  test('pins every image to a version', () => {
    for (const [name, { image }] of Object.entries(services())) {
      expect(image, name).toMatch(/:(\d+\.\d+[\w.-]*|local)$/);
    }
  });

  test('opens ports on loopback alone', () => {
    const ports = Object.values(services()).flatMap(({ ports: opened = [] }) => opened);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('has no password or token of its own', () => {
    let all = JSON.stringify(services());
    for (const secret of Object.values(SECRETS)) all = all.replaceAll(secret, '');
    expect(all).not.toMatch(/(password|token)[^,]*":"[^"]+"/i);
  });
});

function services(): Compose['services'] {
  return (parse(config(SECRETS).stdout) as Compose).services;
}

function config(env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('docker-compose', ['config'], { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } });
}
