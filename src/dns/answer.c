/* not written yet */

typedef int answer_placeholder;
