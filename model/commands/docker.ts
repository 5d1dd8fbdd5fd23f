import type { Audience, Filler } from '../filler.ts';
import { isPublishedPort, PORT_SHAPE } from '../ports.ts';
import { RenderError } from '../scope.ts';
import type { DockerAction, DockerExec, DockerRun } from '../template.ts';

/** A docker command line, with what has to be exported for it. */
class DockerLine {
  private readonly words = ['docker'];
  private readonly exports: string[] = [];
  private readonly filler: Filler;
  private readonly audience: Audience;
  private readonly path: string;

  constructor(filler: Filler, audience: Audience, path: string, ...verb: string[]) {
    this.filler = filler;
    this.audience = audience;
    this.path = path;
    this.words.push(...verb);
  }

  flag(name: string, wanted: boolean | undefined): this {
    if (wanted) this.words.push(name);
    return this;
  }

  option(name: string, key: string, value: string | number | undefined): this {
    if (value !== undefined) this.words.push(name, this.filler.openWord(String(value), `${this.path}.${key}`));
    return this;
  }

  options(name: string, key: string, values: readonly string[] = []): this {
    values.forEach((value, i) => this.option(name, `${key}[${i}]`, value));
    return this;
  }

  pairs(name: string, key: string, values: Record<string, string> = {}): this {
    for (const [left, right] of Object.entries(values)) {
      const word = this.filler.openWord(right, `${this.path}.${key}.${left}`);
      this.words.push(name, this.filler.openWord(`${left}=`, `${this.path}.${key}`) + word);
    }
    return this;
  }

  /** A value with a secret goes by docker's own environment: `--env KEY` takes it from there, and no argument shows it. */
  env(values: Record<string, string> = {}): this {
    for (const [name, value] of Object.entries(values)) {
      const path = `${this.path}.env.${name}`;
      if (this.audience === 'person' || !this.filler.hasSecret(value, path)) {
        this.words.push('--env', this.filler.openWord(`${name}=`, path) + this.filler.word(value, path));
        continue;
      }
      if (!/^[A-Za-z_]\w*$/.test(name)) {
        throw new RenderError(path, 'a secret needs a variable name of letters, digits and _ to be handed over by');
      }
      this.exports.push(`export ${name}=${this.filler.word(value, path)}`);
      this.words.push('--env', this.filler.openWord(name, path));
    }
    return this;
  }

  /** A word that is no option: docker would take one that begins with `-` for one. */
  operand(key: string, value: string): this {
    const path = key === '' ? this.path : `${this.path}.${key}`;
    const word = this.filler.openWord(value, path);
    if (/^'?-/.test(word) || word === "''") {
      throw new RenderError(
        path,
        `${word} cannot be given to docker, expected text that is not empty and does not begin with "-"`,
      );
    }
    this.words.push(word);
    return this;
  }

  /** Words as they are. */
  rest(key: string, values: readonly string[] = []): this {
    values.forEach((value, i) => this.words.push(this.filler.openWord(value, `${this.path}.${key}[${i}]`)));
    return this;
  }

  toString(): string {
    return [...this.exports, this.words.join(' ')].join('\n');
  }
}

export function writeDocker(docker: DockerAction, filler: Filler, audience: Audience): string {
  const line = (verb: string, ...words: string[]) => new DockerLine(filler, audience, `docker.${verb}`, ...words);
  const end = audience === 'node' ? '\n' : '';
  if ('run' in docker) return writeRun(docker.run, filler, audience, line('run', 'run')) + end;
  if ('login' in docker) return writeLogin(docker.login, filler, line('login', 'login')) + end;
  return `${writePlain(docker, line).toString()}${end}`;
}

type PlainAction = Exclude<DockerAction, { run: unknown } | { login: unknown }>;

function writePlain(docker: PlainAction, line: (verb: string, ...words: string[]) => DockerLine): DockerLine {
  if ('pull' in docker) return line('pull', 'pull').operand('', docker.pull);
  if ('stop' in docker)
    return line('stop', 'stop').option('-t', 'time', docker.stop.time).operand('name', docker.stop.name);
  if ('start' in docker) return line('start', 'start').operand('name', docker.start.name);
  if ('restart' in docker) {
    return line('restart', 'restart').option('-t', 'time', docker.restart.time).operand('name', docker.restart.name);
  }
  if ('rm' in docker) {
    const { force, volumes, name } = docker.rm;
    return line('rm', 'rm').flag('--force', force).flag('--volumes', volumes).operand('name', name);
  }
  if ('exec' in docker) return writeExec(docker.exec, line('exec', 'exec'));
  const { all, volumes, until } = docker.prune;
  return line('prune', 'system', 'prune', '--force')
    .flag('--all', all)
    .flag('--volumes', volumes)
    .option('--filter', 'until', until === undefined ? undefined : `until=${until}`);
}

function writeExec({ name, command, user, workdir, env }: DockerExec, line: DockerLine): DockerLine {
  return line
    .option('--user', 'user', user)
    .option('--workdir', 'workdir', workdir)
    .env(env)
    .operand('name', name)
    .rest('command', command);
}

function writeRun(run: DockerRun, filler: Filler, audience: Audience, line: DockerLine): string {
  checkPorts(run.ports, filler);
  const command = line
    .flag('--detach', run.detach ?? true)
    .option('--name', 'name', run.name)
    .options('--publish', 'ports', run.ports)
    .env(run.env)
    .options('--volume', 'volumes', run.volumes)
    .pairs('--label', 'labels', run.labels)
    .option('--network', 'network', run.network)
    .option('--restart', 'restart', run.restart)
    .option('--user', 'user', run.user)
    .option('--workdir', 'workdir', run.workdir)
    .option('--entrypoint', 'entrypoint', run.entrypoint)
    .option('--hostname', 'hostname', run.hostname)
    .option('--memory', 'memory', run.memory)
    .option('--cpus', 'cpus', run.cpus)
    .flag('--privileged', run.privileged)
    .flag('--rm', run.rm)
    .option('--pull', 'pull', run.pull)
    .rest('options', run.options)
    .operand('image', run.image)
    .rest('command', run.command)
    .toString();
  if (!run.replace || run.name === undefined) return command;
  return replacing(filler.openWord(run.name, 'docker.run.name'), audience) + command;
}

/** A container that cannot be removed is a failure; one that is not there is none. */
function replacing(name: string, audience: Audience): string {
  if (audience === 'person') return `docker rm --force ${name}; `;
  return [
    `if docker container inspect ${name} >/dev/null 2>&1; then`,
    `  docker rm --force ${name} >/dev/null || exit`,
    'fi',
    '',
  ].join('\n');
}

function writeLogin(
  { registry, username, password }: { registry?: string; username: string; password: string },
  filler: Filler,
  line: DockerLine,
): string {
  if (!filler.hasSecret(password, 'docker.login.password')) {
    throw new RenderError(
      'docker.login.password',
      'is written out, expected a secret: secret:NAME, or a parameter with such a value',
    );
  }
  line.option('--username', 'username', username).flag('--password-stdin', true);
  if (registry !== undefined) line.operand('registry', registry);
  return `printf %s ${filler.word(password, 'docker.login.password')} | ${line.toString()}`;
}

function checkPorts(ports: readonly string[] = [], filler: Filler): void {
  ports.forEach((port, i) => {
    const path = `docker.run.ports[${i}]`;
    const value = filler.plain(port, path, 'a port is no secret');
    if (!isPublishedPort(value)) throw new RenderError(path, `"${value}" is no port, expected ${PORT_SHAPE}`);
  });
}
