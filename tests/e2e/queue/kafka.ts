// SPDX-License-Identifier: BSL-1.0
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, expect } from '../support/assertions.ts';
import { findKafkaJars } from '../support/backends.ts';
import { BrokerProcess, type MessageBroker } from './message_broker.ts';
import { findFreePorts, root } from '../support/processes.ts';

const clusterId = 'MkU3OEVBNTcwNTJENDM2Qk';

/** Creates a certificate authority and a certificate for `localhost`, in PEM files that Kafka can read. */
function makeCertificates(directory: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '1', '-subj', '/CN=e2e authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  writeFileSync(join(directory, 'extensions'), 'subjectAltName=DNS:localhost\n');
  const signingArguments = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'extensions'];
  openssl('x509', '-req', '-in', 'server.csr', ...signingArguments, '-out', 'server.pem');
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  writeFileSync(join(directory, 'keystore.pem'), read('server.key') + read('server.pem'));
}

/** One broker, which is its own controller. Further listeners require a password or TLS. */
function serverProperties(directory: string, [plain = 0, controller = 0, sasl = 0, tls = 0]: number[]): string {
  const loginModule = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_guest="guest";';
  return `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${plain},CONTROLLER://127.0.0.1:${controller},SASL://127.0.0.1:${sasl},SSL://localhost:${tls}
advertised.listeners=PLAINTEXT://127.0.0.1:${plain},SASL://127.0.0.1:${sasl},SSL://localhost:${tls}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,SSL:SSL
ssl.keystore.type=PEM
ssl.keystore.location=${directory}/keystore.pem
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=${loginModule}
log.dirs=${directory}/data
num.partitions=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** A Kafka broker on loopback, with its data in a temporary directory. */
export class Kafka extends BrokerProcess implements MessageBroker {
  readonly name = 'Kafka';
  readonly rejection = 'Authentication failed';
  readonly subscribeSeconds = 6;
  // The session timeout of a member: a restarted broker may wait this long for a member that has already left.
  readonly recoverySeconds = 10;

  private constructor(
    readonly directory: string,
    private readonly jars: string,
    private readonly ports: number[],
  ) {
    super();
  }

  /** Creates the broker. If Java or Kafka is unavailable, prints a message and returns undefined. */
  static async start(): Promise<Kafka | undefined> {
    const jars = findKafkaJars();
    if (jars === undefined) return undefined;
    const directory = mkdtempSync(join(tmpdir(), 'cohort-e2e-kafka-'));
    const started = new Kafka(directory, `${jars}/*`, await findFreePorts(4));
    const configuration = join(directory, 'server.properties');
    makeCertificates(directory);
    writeFileSync(configuration, serverProperties(directory, started.ports));
    const format = ['format', '--standalone', '-t', clusterId, '-c', configuration];
    execFileSync('java', ['-cp', started.jars, 'kafka.tools.StorageTool', ...format], { stdio: 'ignore' });
    process.once('exit', () => started.child?.kill('SIGKILL'));
    await started.run();
    return started;
  }

  url(password?: string): string {
    const [plain, , sasl] = this.ports;
    return password === undefined ? `kafka://127.0.0.1:${plain}` : `kafka://guest:${password}@127.0.0.1:${sasl}`;
  }

  get port(): number {
    return this.ports[0] ?? 0;
  }

  get tlsUrls(): { trustedUrl: string; untrustedUrl: string } {
    const untrustedUrl = `kafkas://localhost:${this.ports[3]}`;
    return { trustedUrl: `${untrustedUrl}?ca=${join(this.directory, 'ca.pem')}`, untrustedUrl };
  }

  async run(): Promise<void> {
    expect(this.child === undefined, 'the broker is not running');
    const options = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const logging = `-Dlog4j2.configurationFile=file:${join(root, 'tests/e2e/kafka/log4j2.yaml')}`;
    const args = [logging, ...options, '-cp', this.jars, 'kafka.Kafka', join(this.directory, 'server.properties')];
    this.child = spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(this.directory, 'output.log'), { flags: 'a' });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.pipe(log);
    await eventually('Kafka has started', 90, () => accepts(this.port));
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }
}
