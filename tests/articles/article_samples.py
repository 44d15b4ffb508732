"""Invented articles in the shapes of every generator, for tests that bend and break them."""

from __future__ import annotations

BODY = """
Intro with *stress*, `code` and a [link](../boat.md#hull "A boat"), <b onclick="x()">bold</b>.

<!--more-->

# The ferry

> quoted {{< youtube abcDEF12345 >}}

| a | b |
|---|--:|
| 1 | {% raw %}{{ x }}{% endraw %} |

```python
if x < 1: pass
```

<iframe src="//player.vimeo.com/video/4711" title="Tour"></iframe>
<script src="https://gist.github.com/ana/12ab.js"></script>
<svg><style><img src=x onerror=alert(1)></style></svg>

{% highlight ruby %}puts 1{% endhighlight %} {% comment %}no{% endcomment %}
![boat](img/boat.png){: .wide} [a]({% post_url 2014-05-06-x %}) [^1] <a href="javascript:x()">x</a>

[^1]: A note.
- [x] done
"""

RST = """
Intro with ``code``, *stress*, `a link <http://x.example>`_ and :doc:`the boat <boat>` [1]_.

Below
-----

.. code-block:: python

   if x: pass

.. [1] A note.

.. raw:: html

   <b onclick="x()">bold</b><script>y()</script>

=====  =====
a      b
=====  =====
1      2
=====  =====

+---+---+
| a | b |
+---+---+

.. |boat| image:: boat.png

|boat| :kbd:`x` |gone| term
  A definition.

1. one
2. two
"""

YAML = """---
title: "Ferry: the 'last' crossing"
author:
- {name: Ana, role: Editor}
- Ben, Jr. <ben@example.org>
date: 2023-08-24 12:55
updated: Thu, 24 Aug 2023 13:00:00 +0100
tags: [sea, 'R&amp;D']
category: News
image:
  path: img/a.png
  alt-text: &a A boat
  credit: *a
aliases: [/old/, older.html]
draft: false
---
"""

SAMPLES = {
    "news.md": YAML + BODY,
    "_posts/2014-05-06-old-boat.aspx.markdown": "---\nlayout: post\ntags: open data\npublished: true\n---"
    + BODY,
    "post/go.md": '+++\ntitle = "Go"\ndate = 2020-05-06T10:00:00Z\n[taxonomies]\ntags = ["a"]\n+++\n' + BODY,
    "json.md": '{\n"title": "J", "date": "2020-05-06", "tags": ["a"], "x": {"y": [1]}\n}\n' + BODY,
    "pelican.md": "Title: Pelican\nDate: 2010-12-03 10:20\nTags: thats, awesome\nStatus: draft\n\n" + BODY,
    "nikola.md": "<!--\n.. title: Nikola\n.. date: 2015/04/15 22:31:49 UTC+02:00\n.. tags: a, b\n-->\n"
    + BODY,
    "nikola.txt": ".. title: Nikola\n.. date: 2015/04/15 22:31\n.. tags: a, b\n\n" + RST,
    "pelican.rst": "Old boat\n########\n\n:date: 2010-10-03 10:20\n:tags: sea\n:author: Ana\n" + RST,
    "hexo.md": "title: Hexo\ndate: 2014-05-06 10:00:00\ntags:\n- a\n---\n" + BODY,
    "page.html": "<!doctype html><html lang=pt><head><title>Barco</title>"
    "<meta name=author content=Ana></head>"
    "<body><h1>Barco</h1><p onload=x()>Texto<table><tr><td>1</table></body></html>",
    "part.html": "---\ntitle: Part\n---\n<div><ul>\n\n    <li>{{ 'a' }}<p>b</ul></div>" + BODY,
    "mdx.mdx": "import X from './x'\n\nexport const meta = {\n  title: 'Mdx',\n}\n\n"
    "<Box a={{b: 1}}>{/* c */}d</Box>\n" + BODY,
    "plain.txt": "A title\n\nFirst\nSecond\nThird\nA title\n\nFirst\n\n"
    "Text at https://x.example.\n\nSecond\n\n* a\n* b\n",
    "bare.md": "# \u6bcf\u5468\u5206\u4eab\n\n\u05d0\u05d1\u05d2 text\u2028more\x0b & <b>bold\n\n"
    "From here\n.\n" + BODY,
}
