/**
 * What a hostile operator may write into any field: markup, ends of attributes and elements, scripts
 * in every disguise, templates, control characters and those that turn the text's direction, and
 * texts that break a layout.
 */
export const HOSTILE: readonly string[] = [
  ...markup(),
  ...attributes(),
  ...templates(),
  ...texts(),
];

function markup(): string[] {
  const run = 'alert(1)';
  return [
    ...['script', 'ScRiPt', 'script/x', 'script\t', 'script\n', 'script src=//x'].map(
      (tag) => `<${tag}>${run}</script>`,
    ),
    ...['img', 'image', 'video', 'audio', 'input', 'svg', 'body', 'iframe', 'object', 'embed'].map(
      (tag) => `<${tag} src=x onerror=${run} onload=${run}>`,
    ),
    ...['svg/onload', 'details open ontoggle', 'input autofocus onfocus', 'marquee onstart'].map(
      (tag) => `<${tag}=${run}>`,
    ),
    ...['math', 'svg', 'template', 'noscript', 'textarea', 'title', 'style', 'xmp'].map(
      (tag) => `<${tag}><script>${run}</script>`,
    ),
    ...['td', 'tr', 'table', 'section', 'main', 'body', 'html', 'dl', 'ul', 'form', 'svg'].map(
      (tag) => `</${tag}></${tag}><h1>down</h1><script>${run}</script>`,
    ),
    '<base href="https://evil.example/">',
    '<meta http-equiv=refresh content="0;url=https://evil.example/">',
    '<link rel=stylesheet href=//evil.example/x.css>',
    '<form action=https://evil.example><button>Login</button>',
    '<style>*{display:none}</style>',
    '<!--',
    '--><script>alert(1)</script>',
    '<![CDATA[<script>alert(1)</script>]]>',
    '<?xml version="1.0"?><x onload=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '<iframe srcdoc="<script>parent.alert(1)</script>">',
    '<plaintext>',
    '<',
    '>',
    '<<script>script>alert(1)<</script>/script>',
  ];
}

function attributes(): string[] {
  return [
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '` onmouseover=`alert(1)',
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    '" style="position:fixed;inset:0',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:msgbox(1)',
    'https://x"onclick="alert(1)',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example@127.0.0.1/',
    '%22%3E%3Cscript%3Ealert(1)%3C/script%3E',
    '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;',
    '&#60;script&#62;alert(1)&#60;/script&#62;',
    '&#x3c;img src=x onerror=alert(1)&#x3e;',
    '\\u003cscript\\u003ealert(1)\\u003c/script\\u003e',
    '\\x3cscript\\x3ealert(1)',
    "');alert(1);//",
    '"};alert(1);//',
    "'-alert(1)-'",
  ];
}

function templates(): string[] {
  return [
    '<%= process.exit() %>',
    '<%~ it %>',
    '<% throw 1 %>',
    '{{constructor.constructor("alert(1)")()}}',
    '${alert(1)}',
    '#{7*7}',
    '{{7*7}}',
    '[[7*7]]',
    '$(touch /tmp/x)',
    '`touch /tmp/x`',
    '; rm -rf /',
    '| cat /etc/passwd',
    "' or 1=1 --",
    '"; drop table mirror; --',
    '=cmd|"/c calc"!A1',
    '@SUM(1+1)',
    '__proto__',
    'constructor',
    '../../../etc/passwd',
    '%00',
  ];
}

function texts(): string[] {
  return [
    '\u202egnp.exe',
    '\u2066\u2067\u2068 isolates \u2069',
    '\u200b\u200c\u200d\ufeff',
    'a\u0300'.repeat(300),
    'W'.repeat(2000),
    '𝕳'.repeat(500),
    '🏳️‍🌈'.repeat(100),
    'ﷺ'.repeat(80),
    'x\u0000y\u0001z\u001b[31m',
    'line\r\nSet-Cookie: x=1',
    'tab\tand\vother\fspaces',
    '\u2028\u2029 separators',
    'العربية עברית mixed with English 123',
    'i̇stanbul ẞß ﬃ',
    '\ud800 half a pair',
    ' ',
  ];
}
