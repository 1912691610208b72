/* The frame of the HTML report. Content Security Policy Level 3, section 2.3.1 (hash sources). */
#include "ui/report/html_page.h"

#include "ui/report/markup.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--line:#d0d7de;"
    "--panel:#f6f8fa;--a:#0969da;--b:#8250df;--bad:#cf222e;--warn:#9a6700}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#8d96a0;"
    "--line:#30363d;--panel:#161b22;--a:#58a6ff;--b:#bc8cff;--bad:#ff7b72;--warn:#d29922}}\n"
    "body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "margin:0 auto;max-width:75rem;padding:1rem}\n"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}\n"
    "table{border-collapse:collapse}td,th{padding:.25rem .5rem;text-align:left;"
    "vertical-align:top;border-bottom:1px solid var(--line)}\n"
    ".wide{overflow-x:auto}.wide>table{width:100%}.beside{display:flex;flex-wrap:wrap;gap:0 3rem}\n"
    "th{color:var(--soft);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}"
    ".n,.l{white-space:nowrap}th.n{white-space:normal}.w{overflow-wrap:anywhere;min-width:10rem}"
    "#sessions{font-size:13px}\n"
    "table.sorts th{cursor:pointer}th[aria-sort=ascending]::after{content:' \\2191'}"
    "th[aria-sort=descending]::after{content:' \\2193'}\n"
    "code,pre{font:12px/1.4 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}\n"
    "pre{background:var(--panel);padding:.5rem;margin:0}.soft{color:var(--soft)}\n"
    ".error{color:var(--bad);font-weight:600}.warning{color:var(--warn);font-weight:600}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));"
    "gap:1rem}figure{margin:0;max-width:40rem}figcaption{margin:0 0 .25rem}\n"
    "svg{width:100%;height:auto;background:var(--panel)}svg text{fill:var(--soft);font-size:12px}"
    ".c{fill:var(--a)}.s{fill:var(--b)}b.c,b.s{display:inline-block;width:.7em;height:.7em;"
    "margin:0 .2em 0 .6em}b.c{background:var(--a)}b.s{background:var(--b)}\n"
    "input{font:inherit;width:20rem;max-width:100%;padding:.25rem .5rem;margin:0 0 .5rem;"
    "color:inherit;background:var(--panel);border:1px solid var(--line)}[hidden]{display:none}\n"
    "@media print{body{max-width:none;font-size:10px}input{display:none}h2{break-after:avoid}"
    ".wide{overflow:visible}tr,figure{break-inside:avoid}#sessions,#sessions code{font-size:8px}"
    "td,th{padding:.1rem .25rem}.w{min-width:8rem}b,rect{"
    "print-color-adjust:exact}}\n";

static const char script[] =
    "'use strict';\n"
    "for(const table of document.querySelectorAll('table.sorts')){\n"
    " const heads=[...table.tHead.rows[0].cells];\n"
    " const value=(body,i)=>{const c=body.rows[0].cells[i];return c.dataset.v??c.textContent};\n"
    " const sort=(th,i)=>{\n"
    "  const down=th.getAttribute('aria-sort')==='ascending';\n"
    "  for(const h of heads)h.removeAttribute('aria-sort');\n"
    "  th.setAttribute('aria-sort',down?'descending':'ascending');\n"
    "  const bodies=[...table.tBodies];\n"
    "  const number=bodies.every(b=>!isNaN(value(b,i)));\n"
    "  bodies.sort((a,b)=>(number?value(a,i)-value(b,i):value(a,i)<value(b,i)?-1:"
    "value(a,i)>value(b,i)?1:0)*(down?-1:1));\n"
    "  table.append(...bodies)};\n"
    " heads.forEach((th,i)=>{th.tabIndex=0;th.addEventListener('click',()=>sort(th,i));\n"
    "  th.addEventListener('keydown',e=>{if(e.key==='Enter')sort(th,i)})})}\n"
    "const input=document.createElement('input');\n"
    "input.type='search';input.placeholder='Show sessions with ...';\n"
    "input.setAttribute('aria-label','Show sessions with');\n"
    "const list=document.getElementById('sessions');\n"
    "if(list){list.parentNode.before(input);input.addEventListener('input',()=>{\n"
    " const want=input.value.toLowerCase();\n"
    " for(const b of list.tBodies)b.hidden=!b.textContent.toLowerCase().includes(want)})}\n";

static void put_hash(struct out *o, const char *text)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    unsigned char base64[4 * SHA256_DIGEST_LENGTH / 3 + 4];
    (void)SHA256((const uint8_t *)text, strlen(text), hash);
    EVP_EncodeBlock(base64, hash, sizeof hash);
    out_printf(o, "'sha256-%s'", (const char *)base64);
}

void html_page_begin(struct out *o, const char *title)
{
    out_text(o, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "base-uri 'none'; form-action 'none'; style-src ");
    put_hash(o, style);
    out_text(o, "; script-src ");
    put_hash(o, script);
    out_text(o, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    markup_text(o, title);
    out_text(o, "</title>\n<style>");
    out_bytes(o, bytes_of(style));
    out_text(o, "</style></head>\n<body>\n");
}

void html_page_end(struct out *o)
{
    out_text(o, "<script>");
    out_bytes(o, bytes_of(script));
    out_text(o, "</script>\n</body></html>\n");
}
