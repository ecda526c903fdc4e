/* not written yet */

typedef int lookahead_placeholder;
