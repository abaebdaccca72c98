import { Eta } from 'eta';
import type { PageModel } from './model.ts';

/**
 * The page, with nothing but what a browser had in 2005: works without JavaScript, asks nobody
 * else for anything. `<%= %>` escapes; there is no unescaped output here. The roles say again what
 * the elements are, since on a phone the style sheet shows the table as cards.
 */
const TEMPLATE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title><%= it.network %>: mirror network status</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<h1><%= it.network %> <span>mirror network</span></h1>
<p class="health <%= it.health.level %>" role="status"><%= it.health.sentence %></p>
</header>
<main>
<% if (it.archives.length === 0) { %>
<p class="empty">No archive yet. Add one with <code>mirror-master archive add NAME PATH</code>.</p>
<% } %>
<% for (const archive of it.archives) { %>
<section aria-labelledby="archive-<%= archive.name %>">
<h2 id="archive-<%= archive.name %>"><%= archive.name %></h2>
<% if (archive.release === null) { %>
<p class="release">Nothing published yet.</p>
<% } else { %>
<p class="release">Release <strong><%= archive.release.serial %></strong>, published
<time datetime="<%= archive.release.published.iso %>" title="<%= archive.release.published.full %>"><%= archive.release.published.text %></time>.
<span><%= archive.release.contents %>.</span></p>
<% } %>
<% if (archive.rollout !== null) { %>
<p class="rollout <%= archive.rollout.tone %>"><%= archive.rollout.text %></p>
<% } %>
<% if (archive.propagation !== null) { %>
<p class="propagation">
<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="whole" width="100" height="4"/><rect class="part" width="<%= archive.propagation.percent %>" height="4"/></svg>
<span><%= archive.propagation.words %> (<%= archive.propagation.percent %> %)</span></p>
<% } %>
<% if (archive.tiers.length === 0) { %>
<p class="empty">No mirror has opted in yet.</p>
<% } %>
<% for (const tier of archive.tiers) { %>
<table role="table">
<caption><%= tier.title %></caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Mirror</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">Serial</th><th role="columnheader" scope="col">Lag</th><th role="columnheader" scope="col">Pulls from</th><th role="columnheader" scope="col">Last word</th></tr></thead>
<tbody role="rowgroup">
<% for (const row of tier.mirrors) { %>
<tr role="row">
<th role="rowheader" scope="row"><% if (row.url === null) { %><%= row.mirror %><% } else { %><a href="<%= row.url %>" rel="nofollow noopener noreferrer"><%= row.mirror %></a><% } %><% if (row.country !== null) { %> <span class="country"><%= row.country %></span><% } %></th>
<td role="cell" data-label="State"><span class="state <%= row.tone %>"><%= row.words %></span><% if (row.reason !== null) { %><span class="reason"><%= row.reason %></span><% } %></td>
<td role="cell" data-label="Serial" class="number"><%= row.serial %></td>
<td role="cell" data-label="Lag"><%= row.lag %></td>
<td role="cell" data-label="Pulls from"><%= row.upstream %></td>
<td role="cell" data-label="Last word"><% if (row.at === null) { %>never<% } else { %><time datetime="<%= row.at.iso %>" title="<%= row.at.full %>"><%= row.at.text %></time><% } %></td>
</tr>
<% } %>
</tbody>
</table>
<% } %>
</section>
<% } %>
</main>
<footer>
<p>Serials are what each mirror reports of itself. Lag: how many releases it lacks, and how long the
first of them has been out.</p>
<p>As of <time datetime="<%= it.at.iso %>"><%= it.at.text %></time>. The same as <a href="/v1/status">JSON</a>;
the <a href="/v1/openapi.json">API</a>.</p>
</footer>
</body>
</html>
`;

const eta = new Eta({ autoEscape: true, autoTrim: ['nl', false], cache: true });
eta.loadTemplate('@page', TEMPLATE);

/** The page as HTML; every text in the model is escaped. */
export function renderPage(model: PageModel): string {
  return eta.render('@page', model);
}
