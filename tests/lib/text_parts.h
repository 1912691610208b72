/*
 * What stands in a text, and what does not. Fails the running test, and shows the text.
 */
#ifndef WSIGHT_TEST_TEXT_PARTS_H
#define WSIGHT_TEST_TEXT_PARTS_H

void expect_part(const char *text, const char *part);
void expect_no_part(const char *text, const char *part);

#endif
