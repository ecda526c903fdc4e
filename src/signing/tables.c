/* not written yet */

typedef int tables_placeholder;
