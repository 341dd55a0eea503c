"""Operations: how connected systems are, what is wrong with them, and who is told."""
