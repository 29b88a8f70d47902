/* nothing.c - the least program: stands in for the one that comes next, so that a start ends there.
 */
int main(void) {
    return 0;
}
