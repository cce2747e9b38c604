"""What a command says when it cannot do its work: one sentence for the user, never a stack trace."""


class Problem(Exception):
    """A failure that the user can act on.

    `sentence` says what is wrong and what to do. `detail` is text of another program (a Terraform diagnostic, the tail
    of a log) and is shown below the sentence as it is.
    """

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail
