/* not written yet */

typedef int lookups_placeholder;
