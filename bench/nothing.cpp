// A program that does nothing, to compare a start with.
int main() {
    return 0;
}
