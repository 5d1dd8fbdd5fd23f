import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));

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
    expect(config({ POSTGRES_PASSWORD: 'for-this-test' })).toMatchObject({ status: 0 });
  });

  test('is refused without a password, naming it', () => {
    const { status, stderr } = config({ POSTGRES_PASSWORD: '' });
    expect(status).not.toBe(0);
    expect(stderr).toContain('POSTGRES_PASSWORD');
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

  test('has no password of its own', () => {
    const password = 'a-password-that-is-nowhere-else';
    const all = JSON.stringify(services(password)).replaceAll(password, '');
    expect(all).not.toMatch(/password[^,]*":"[^"]+"/i);
  });
});

function services(password = 'for-this-test'): Compose['services'] {
  return (parse(config({ POSTGRES_PASSWORD: password }).stdout) as Compose).services;
}

function config(env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('docker-compose', ['config'], { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } });
}
