"""Raw code to training tokens: read, filter, deduplicate, label, order, FIM, tokenise, pack.

    from nlogn.corpus.build import Recipe, build

    build([Path("~/src").expanduser()], Path("corpus"), Recipe())
    read_packed("corpus/train-00000")              # what training reads

Each step is a datatrove pipeline step; `build` chains them into stages that run here, on Ray or on
Slurm, resume where they were interrupted, and say in `report.md` what they dropped and why.
"""
