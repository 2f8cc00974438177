// SPDX-License-Identifier: BSL-1.0
import { describe, expect, test } from 'vitest';
import { renderRunbook } from '../../runbook.mjs';

const sample = `# Runbook

Introduction with [a link](#servicedown).

## ServiceDown

It is down.

### Afterwards

Write.

## What else?

Nothing.

### Afterwards

More.
`;

describe('renderRunbook', () => {
  test('the runbook has a section for each second-level heading, with its text in lower case as the ID', () => {
    const html = renderRunbook(sample);
    expect(html).toContain('<section class="panel" id="servicedown" aria-labelledby="servicedown-title">');
    expect(html).toContain('<h2 id="servicedown-title">ServiceDown</h2>');
    expect(html).toContain('id="what-else"');
    expect(html.indexOf('It is down.')).toBeLessThan(html.indexOf('</section>'));
    expect(html.match(/<section/g)).toHaveLength(2);
    expect(html.match(/<\/section>/g)).toHaveLength(2);
  });

  test('the runbook starts with the title and a table of contents', () => {
    const html = renderRunbook(sample);
    expect(html.startsWith('<h1>Runbook</h1>\n<p>Introduction')).toBe(true);
    expect(html).toContain('<li><a href="#servicedown">ServiceDown</a></li>\n<li><a href="#what-else">What else?</a></li>');
  });

  test('lower-level headings of the runbook have IDs', () => {
    const html = renderRunbook(sample);
    expect(html).toContain('<h3 id="afterwards">');
    expect(html).toContain('<h3 id="afterwards-1">');
  });

  test('a section of the runbook keeps its ID if a lower-level heading has the same text', () => {
    expect(renderRunbook('## A\n\n### Watchdog\n\n## Watchdog\n')).toMatch(/<h3 id="watchdog-1">[^]*<section class="panel" id="watchdog"/);
  });

  test('a heading in a block quote does not start a section of the runbook', () => {
    expect(renderRunbook('## A\n\n> ## Quoted\n')).toContain('<blockquote>\n<h2>Quoted</h2>\n</blockquote>\n</section>');
  });

  test('headings of the runbook can have non-ASCII characters', () => {
    expect(renderRunbook('## Überlast\n\n[see](#überlast)\n')).toContain('id="überlast"');
  });

  test('HTML in the runbook is escaped, and links other than http and local links are removed', () => {
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

  test('only complete URLs in the runbook become links', () => {
    const html = renderRunbook('## A\n\nhttp://localhost:9090/alerts, see example.org and a@b.example\n');
    expect(html).toContain('<a href="http://localhost:9090/alerts">http://localhost:9090/alerts</a>, see example.org and a@b.example');
  });

  test('the runbook has no inline styles, which the content security policy forbids', () => {
    const html = renderRunbook('## A\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n');
    expect(html).not.toContain('style=');
    expect(html).toContain('<td class="align-right">2</td>');
    expect(html).toContain('<div class="table" tabindex="0"><table>');
  });

  test('code in the runbook is escaped', () => {
    expect(renderRunbook('## A\n\n```sh\na && b < "c"\n```\n')).toContain(
      '<pre tabindex="0"><code>a &amp;&amp; b &lt; &quot;c&quot;\n</code></pre>',
    );
  });

  test('renderRunbook throws for a link to a missing section and for a repeated heading', () => {
    expect(() => renderRunbook('## A\n\n[x](#b)\n')).toThrow('#b');
    expect(() => renderRunbook('## Same\n\n## same\n')).toThrow('#same');
  });
});
