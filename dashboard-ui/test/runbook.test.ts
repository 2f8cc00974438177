import { describe, expect, test } from 'vitest';
import { renderRunbook } from '../runbook.mjs';

const sample = `# Runbook

First words, with [a link](#servicedown).

## ServiceDown

It is down.

### Afterwards

Write.

## What else?

Nothing.

### Afterwards

More.
`;

describe('the runbook', () => {
  test('has a section for each second heading, with that heading in lower case as its id', () => {
    const html = renderRunbook(sample);
    expect(html).toContain('<section class="panel" id="servicedown" aria-labelledby="servicedown-title">');
    expect(html).toContain('<h2 id="servicedown-title">ServiceDown</h2>');
    expect(html).toContain('id="what-else"');
    expect(html.indexOf('It is down.')).toBeLessThan(html.indexOf('</section>'));
    expect(html.match(/<section/g)).toHaveLength(2);
    expect(html.match(/<\/section>/g)).toHaveLength(2);
  });

  test('begins with its title and a list of its sections', () => {
    const html = renderRunbook(sample);
    expect(html.startsWith('<h1>Runbook</h1>\n<p>First words')).toBe(true);
    expect(html).toContain('<li><a href="#servicedown">ServiceDown</a></li>\n<li><a href="#what-else">What else?</a></li>');
  });

  test('gives smaller headings ids of their own', () => {
    const html = renderRunbook(sample);
    expect(html).toContain('<h3 id="afterwards">');
    expect(html).toContain('<h3 id="afterwards-1">');
  });

  test('never gives an alert another id because of a smaller heading', () => {
    expect(renderRunbook('## A\n\n### Watchdog\n\n## Watchdog\n')).toMatch(/<h3 id="watchdog-1">[^]*<section class="panel" id="watchdog"/);
  });

  test('has no section within a quotation', () => {
    expect(renderRunbook('## A\n\n> ## Quoted\n')).toContain('<blockquote>\n<h2>Quoted</h2>\n</blockquote>\n</section>');
  });

  test('finds a section whose name is not ASCII', () => {
    expect(renderRunbook('## Überlast\n\n[see](#überlast)\n')).toContain('id="überlast"');
  });

  test('shows markup as text, and follows no link but to the web and to itself', () => {
    const html = renderRunbook(
      '## A\n\n<script>alert(1)</script> <b onclick="x">b</b> [x](javascript:alert(1)) [file](../README.md) ' +
        '[mail](mailto:a@b.example) [web](https://example.org/) [own](/api/alerts) ![image](https://example.org/x.png)\n',
    );
    expect(renderRunbook('## A <b> & C\n').match(/A &lt;b&gt; &amp; C/g)).toHaveLength(2);
    expect(html).not.toMatch(/<script|<b |<img|href="javascript|README|mailto:/);
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain(' file ');
    expect(html).toContain('<a href="https://example.org/">web</a>');
    expect(html).toContain('<a href="/api/alerts">own</a>');
  });

  test('makes links of addresses, and of nothing that only looks like one', () => {
    const html = renderRunbook('## A\n\nhttp://localhost:9090/alerts, see example.org and a@b.example\n');
    expect(html).toContain('<a href="http://localhost:9090/alerts">http://localhost:9090/alerts</a>, see example.org and a@b.example');
  });

  test('has no inline style, which the policy would refuse', () => {
    const html = renderRunbook('## A\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n');
    expect(html).not.toContain('style=');
    expect(html).toContain('<td class="align-right">2</td>');
    expect(html).toContain('<div class="table" tabindex="0"><table>');
  });

  test('shows code to the letter', () => {
    expect(renderRunbook('## A\n\n```sh\na && b < "c"\n```\n')).toContain(
      '<pre tabindex="0"><code>a &amp;&amp; b &lt; &quot;c&quot;\n</code></pre>',
    );
  });

  test('does not fall silent about a link that leads nowhere or an alert that is there twice', () => {
    expect(() => renderRunbook('## A\n\n[x](#b)\n')).toThrow('#b');
    expect(() => renderRunbook('## Same\n\n## same\n')).toThrow('#same');
  });
});
