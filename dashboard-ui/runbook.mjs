// SPDX-License-Identifier: BSL-1.0
import MarkdownIt from 'markdown-it';

/** @typedef {import('markdown-it/lib/token.mjs').default} Token */

/** Raw HTML is escaped. Images are disabled, since the server has no files for them. */
const markdown = new MarkdownIt({ html: false, linkify: true }).disable('image');
markdown.linkify.set({ fuzzyLink: false });

// Scrollable elements must be focusable.
/** @type {import('markdown-it/lib/renderer.mjs').RenderRule} */
const codeBlock = (tokens, at) =>
  `<pre tabindex="0"><code>${markdown.utils.escapeHtml(tokens[at]?.content ?? '')}</code></pre>\n`;
Object.assign(markdown.renderer.rules, {
  fence: codeBlock,
  code_block: codeBlock,
  table_open: () => '<div class="table" tabindex="0"><table>\n',
  table_close: () => '</table></div>\n',
});

/**
 * Renders the runbook: the text before the first `##` heading, a table of contents, and a section for each `##`
 * heading. The ID of a section is its heading in lower case, so that `/runbook#servicedown` refers to `## ServiceDown`.
 * @param {string} text
 */
export function renderRunbook(text) {
  const tokens = markdown.parse(text, {});
  for (const token of tokens) alignByClass(token);
  const starts = tokens.flatMap((token, at) => (isHeading(token, 'h2') ? [at] : []));
  const sections = starts.map((start, i) => section(tokens.slice(start, starts[i + 1])));
  const ids = assignIds(sections, tokens);
  for (const token of tokens) checkLinks(token, ids);
  const contents = sections.map(({ id, title }) => `<li><a href="#${id}">${markdown.utils.escapeHtml(title)}</a></li>\n`);
  return [
    render(tokens.slice(0, starts[0])),
    `<nav aria-label="Contents"><ul>\n${contents.join('')}</ul></nav>\n`,
    ...sections.map(
      ({ id, body }) => `<section class="panel" id="${id}" aria-labelledby="${id}-title">\n${render(body)}</section>\n`,
    ),
  ].join('');
}

/** @param {Token[]} body */
function section(body) {
  const title = headingText(body, 0);
  return { id: slug(title), title, body };
}

/**
 * Assigns IDs as GitHub does. The headings of sections have priority; a lower-level heading with the same text has a
 * number as a suffix of its ID.
 * @param {{ id: string, body: Token[] }[]} sections
 * @param {Token[]} tokens
 */
function assignIds(sections, tokens) {
  /** @type {Set<string>} */
  const ids = new Set();
  for (const { id, body } of sections) {
    if (id === '' || ids.has(id)) throw new Error(`RUNBOOK.md: the heading #${id} is empty or repeated`);
    ids.add(id);
    // Adds the ID to the section, and labels the section by its heading.
    body[0]?.attrSet('id', `${id}-title`);
  }
  tokens.forEach((token, at) => {
    if (!isHeading(token, 'h3') && !isHeading(token, 'h4')) return;
    const plain = slug(headingText(tokens, at));
    let id = plain;
    for (let i = 1; ids.has(id); ++i) id = `${plain}-${i}`;
    ids.add(id);
    token.attrSet('id', id);
  });
  return ids;
}

/**
 * @param {Token} token
 * @param {string} tag
 */
function isHeading(token, tag) {
  return token.type === 'heading_open' && token.tag === tag && token.level === 0;
}

/**
 * @param {Token[]} tokens
 * @param {number} at index of the heading's opening token
 */
function headingText(tokens, at) {
  const parts = tokens[at + 1]?.children ?? [];
  return parts.map(({ content }) => content).join('');
}

/** @param {string} title */
function slug(title) {
  return title.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').trim().replaceAll(' ', '-');
}

/**
 * Replaces inline styles, which the content security policy forbids, by classes.
 * @param {Token} token
 */
function alignByClass(token) {
  const side = /^text-align:(\w+)$/.exec(token.attrGet('style') ?? '')?.[1];
  token.attrs = token.attrs?.filter(([name]) => name !== 'style') ?? null;
  if (side !== undefined) token.attrSet('class', `align-${side}`);
}

/**
 * Throws for a link to a missing section. Links to files of the repository are replaced by their text.
 * @param {Token} token
 * @param {Set<string>} ids
 */
function checkLinks(token, ids) {
  let isRemoved = false;
  for (const part of token.children ?? []) {
    if (part.type === 'link_open') {
      const href = part.attrGet('href') ?? '';
      const within = href.startsWith('#');
      if (within && !ids.has(decodeURIComponent(href.slice(1)))) throw new Error(`RUNBOOK.md: no section or heading has the ID ${href}`);
      isRemoved = !within && !/^(https?:\/)?\//.test(href);
    }
    if (isRemoved && part.type.startsWith('link_')) part.hidden = true;
  }
}

/** @param {Token[]} tokens */
function render(tokens) {
  return markdown.renderer.render(tokens, markdown.options, {});
}
